package graph

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"nelke/ent"
	"nelke/graph/model"
	"nelke/graph/scalar"
	"nelke/internal/catalogue"
	"nelke/internal/portal"
	"nelke/internal/problem"
	"nelke/internal/webhook"
)

// A payload carries the thing that was written, or the problem that kept it. Any other error stays one.

func appointmentPayload(ctx context.Context, a *ent.Appointment, err error) (*model.AppointmentPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.AppointmentPayload{Appointment: a, Problems: problems}, err
}

func canceledAppointmentsPayload(ctx context.Context, c *portal.CanceledAppointments, err error) (*model.CanceledAppointmentsPayload, error) {
	problems, err := problemsOf(ctx, err)
	if c == nil {
		return &model.CanceledAppointmentsPayload{Problems: problems}, err
	}
	return &model.CanceledAppointmentsPayload{Appointments: listed(c.Appointments), Remaining: c.Remaining, Problems: problems}, err
}

func casePayload(ctx context.Context, c *ent.CaseFile, err error) (*model.CasePayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.CasePayload{Case: c, Problems: problems}, err
}

func municipalityPayload(ctx context.Context, t *catalogue.Town, err error) (*model.MunicipalityPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.MunicipalityPayload{Municipality: t, Problems: problems}, err
}

func feedbackPayload(ctx context.Context, err error) (*model.GiveFeedbackPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.GiveFeedbackPayload{Received: err == nil && len(problems) == 0, Problems: problems}, err
}

func visitPayload(ctx context.Context, counted bool, err error) (*model.CountVisitPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.CountVisitPayload{Counted: counted, Problems: problems}, err
}

func schedulePayload(ctx context.Context, s *portal.Schedule, err error) (*model.SchedulePayload, error) {
	problems, err := problemsOf(ctx, err)
	if s == nil {
		return &model.SchedulePayload{Appointments: []*ent.Appointment{}, StillClosed: []*catalogue.OpeningDay{}, Problems: problems}, err
	}
	return &model.SchedulePayload{Office: s.Office, Appointments: s.Appointments, AppointmentCount: s.Count, StillClosed: listed(s.StillClosed), Problems: problems}, err
}

// listed is a list that is empty where there is none.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func servicePayload(ctx context.Context, s *catalogue.Service, err error) (*model.PublicServicePayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.PublicServicePayload{PublicService: s, Problems: problems}, err
}

func applicationPayload(ctx context.Context, a *ent.Application, err error) (*model.ApplicationPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.ApplicationPayload{Application: a, Problems: problems}, err
}

func paymentPayload(ctx context.Context, p *ent.Payment, err error) (*model.PaymentPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.PaymentPayload{Payment: p, Problems: problems}, err
}

func partnerPayload(ctx context.Context, p *ent.Partner, err error) (*model.PartnerPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.PartnerPayload{Partner: p, Problems: problems}, err
}

func partnerKeyPayload(ctx context.Context, k *ent.PartnerKey, err error) (*model.PartnerKeyPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.PartnerKeyPayload{PartnerKey: k, Problems: problems}, err
}

func endpointPayload(ctx context.Context, e *ent.WebhookEndpoint, err error) (*model.WebhookEndpointPayload, error) {
	problems, err := problemsOf(ctx, err)
	return &model.WebhookEndpointPayload{WebhookEndpoint: e, Problems: problems}, err
}

// faultWords say what was wrong with an attempt to tell a partner.
func faultWords(f webhook.Fault, language string) string {
	w, ok := map[webhook.Fault]words{
		webhook.FaultURL:         {"An diese Adresse wird nichts geschickt.", "Nothing is sent to this address."},
		webhook.FaultName:        {"Den Namen des Servers gibt es nicht.", "The server's name isn't known."},
		webhook.FaultTarget:      {"Die Adresse liegt nicht im öffentlichen Internet.", "The address isn't on the public internet."},
		webhook.FaultConnection:  {"Die Verbindung kam nicht zustande oder brach ab.", "The connection failed, or was cut."},
		webhook.FaultCertificate: {"Die verschlüsselte Verbindung kam nicht zustande.", "The encrypted connection failed."},
		webhook.FaultTimeout:     {"Es kam keine Antwort in der Zeit.", "No answer came in time."},
		webhook.FaultRedirect:    {"Die Antwort leitet weiter; Weiterleitungen wird nicht gefolgt.", "The answer leads elsewhere; redirects aren't followed."},
		webhook.FaultStatus:      {"Die Antwort meldet einen Fehler.", "The answer tells of an error."},
		webhook.FaultSecret:      {"Das Geheimnis kann nicht gelesen werden. Bitte setzen Sie es neu.", "The secret can't be read. Please set it again."},
	}[f]
	switch {
	case !ok:
		return ""
	case language == "en":
		return w.en
	}
	return w.de
}

type problemsKey struct{}

// WithProblems returns a context in which count gets the code of each problem that keeps a mutation from taking place.
func WithProblems(ctx context.Context, count func(code string)) context.Context {
	return context.WithValue(ctx, problemsKey{}, count)
}

func problemsOf(ctx context.Context, err error) ([]model.Problem, error) {
	p := (*problem.Problem)(nil)
	if !errors.As(err, &p) {
		return []model.Problem{}, err
	}
	if count, ok := ctx.Value(problemsKey{}).(func(string)); ok {
		count(string(p.Code))
	}
	if len(p.Faults) > 0 {
		return faultsOf(p, scalar.LanguageOf(ctx)), nil
	}
	message := messageOf(p, scalar.LanguageOf(ctx))
	switch p.Code {
	case problem.AlreadyClaimed:
		return []model.Problem{model.AlreadyClaimed{Code: p.Code, Message: message, Path: p.Path, Clerk: p.Clerk}}, nil
	case problem.SlotTaken, problem.SlotNotOffered:
		return []model.Problem{model.SlotTaken{
			Code: p.Code, Message: message, Path: p.Path, Reason: p.Reason, Alternatives: pointers(p.Alternatives),
		}}, nil
	case problem.RateLimited:
		return []model.Problem{model.RateLimited{
			Code: p.Code, Message: message, Path: p.Path, RetryAfterSeconds: int(math.Ceil(p.RetryAfter.Seconds())),
		}}, nil
	default:
		return []model.Problem{model.PlainProblem{Code: p.Code, Message: message, Path: p.Path}}, nil
	}
}

// faultsOf makes each wrong answer a problem of its own, with the answer's name at the end of its path.
func faultsOf(p *problem.Problem, language string) []model.Problem {
	problems := make([]model.Problem, len(p.Faults))
	for i, fault := range p.Faults {
		problems[i] = model.PlainProblem{Code: p.Code, Message: fault.Text(language), Path: append(slices.Clone(p.Path), fault.Path()...)}
	}
	return problems
}

func pointers[T any](values []T) []*T {
	list := make([]*T, len(values))
	for i := range values {
		list[i] = &values[i]
	}
	return list
}

// words are a problem's message in both languages. {min}, {max} and {wait} are filled in, and {clerk}.
type words struct{ de, en string }

func messageOf(p *problem.Problem, language string) string {
	w, ok := ruleWords()[p.Rule]
	if !ok {
		w = codeWords()[p.Code]
	}
	text := w.de
	if language == "en" {
		text = w.en
	}
	return strings.NewReplacer(
		"{min}", strconv.Itoa(p.Min), "{max}", strconv.Itoa(p.Max), "{wait}", waitWords(p.RetryAfter, language), "{clerk}", p.Clerk,
	).Replace(text)
}

// waitWords are a wait as one says it, never shorter than it is: seconds below a minute, minutes below two hours, else hours.
func waitWords(wait time.Duration, language string) string {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	n, one, many := seconds, words{"einer Sekunde", "a second"}, words{"Sekunden", "seconds"}
	switch {
	case seconds > 2*60*60:
		n, one, many = (seconds+3599)/3600, words{"einer Stunde", "an hour"}, words{"Stunden", "hours"}
	case seconds >= 60:
		n, one, many = (seconds+59)/60, words{"einer Minute", "a minute"}, words{"Minuten", "minutes"}
	}
	text := one
	if n > 1 {
		text = words{strconv.Itoa(n) + " " + many.de, strconv.Itoa(n) + " " + many.en}
	}
	if language == "en" {
		return text.en
	}
	return text.de
}

func codeWords() map[problem.Code]words {
	return map[problem.Code]words{
		problem.NotFound:                {"Das gibt es nicht, oder es gehört nicht zu Ihnen.", "This doesn't exist, or it isn't yours."},
		problem.Forbidden:               {"Ihre Rolle erlaubt das nicht.", "Your role does not allow this."},
		problem.Unauthenticated:         {"Dafür wird ein Vorgangsschlüssel oder eine Anmeldung gebraucht.", "This needs a case key or a staff login."},
		problem.InvalidInput:            {"Diese Angabe ist nicht möglich.", "This value is not possible."},
		problem.IdempotencyKeyReused:    {"Dieser Wiederholungsschlüssel wurde schon mit anderen Angaben benutzt.", "This idempotency key was used before with another input."},
		problem.WrongState:              {"Dieser Schritt ist im jetzigen Zustand nicht möglich.", "This step is not possible in the present state."},
		problem.SlotTaken:               {"Dieser Termin ist inzwischen vergeben.", "This time has been taken meanwhile."},
		problem.SlotNotOffered:          {"Zu dieser Zeit wird kein Termin angeboten.", "No appointment is offered at this time."},
		problem.HoldExpired:             {"Die Reservierung ist abgelaufen.", "The hold has run out."},
		problem.HoldAlreadyExtended:     {"Die Reservierung wurde schon einmal verlängert.", "The hold was extended before."},
		problem.HoldLimit:               {"Es sind schon {max} Zeiten reserviert. Bitte geben Sie eine davon zurück.", "You hold {max} times already. Please release one of them."},
		problem.AppointmentLimit:        {"Sie haben hier schon {max} Termine. Bitte verschieben Sie einen davon, oder sagen Sie einen ab.", "You have {max} appointments here already. Please move or cancel one of them."},
		problem.NoticeNotAcknowledged:   {"Bitte bestätigen Sie zuerst die Datenschutzerklärung.", "Please acknowledge the privacy notice first."},
		problem.NoAppointments:          {"Für diese Leistung gibt es keine Termine.", "This service can't be booked as an appointment."},
		problem.CounterBusy:             {"An diesem Schalter wird noch jemand bedient.", "This counter still serves somebody."},
		problem.NobodyWaiting:           {"Für diesen Schalter wartet niemand.", "Nobody waits for this counter."},
		problem.ServiceClosed:           {"Diese Leistung kann zurzeit nicht online beantragt werden.", "This service can't be applied for online just now."},
		problem.TrustRequired:           {"Für diesen Antrag verlangt die Stadt einen Identitätsnachweis.", "The town asks for proof of identity for this application."},
		problem.DraftLimit:              {"Sie haben schon {max} Entwürfe begonnen. Bitte reichen Sie einen davon ein, ziehen Sie ihn zurück, oder kommen Sie morgen wieder.", "You have begun {max} drafts already. Please submit or withdraw one of them, or come back tomorrow."},
		problem.PaymentLimit:            {"Es gab schon {max} Versuche, dafür zu bezahlen. Bitte wenden Sie sich an das Bürgerbüro.", "There were {max} attempts to pay for it already. Please turn to the office."},
		problem.InformationNotConfirmed: {"Bitte bestätigen Sie zuerst, dass Sie die Hinweise zu dieser Leistung gelesen haben.", "Please confirm first that you have read the information about this service."},
		problem.AnswersInvalid:          {"Bitte füllen Sie das Formular vollständig und richtig aus.", "Please fill in the form, completely and correctly."},
		problem.StaleRevision:           {"Die Angaben wurden inzwischen geändert, vielleicht in einem anderen Fenster. Bitte laden Sie sie neu.", "The answers were changed meanwhile, perhaps in another window. Please load them again."},
		problem.NotReviewed:             {"Bitte prüfen Sie zuerst Ihre Angaben.", "Please look over your answers first."},
		problem.FeeUnpaid:               {"Bitte bezahlen Sie zuerst die Gebühr.", "Please pay the fee first."},
		problem.NothingDue:              {"Es ist nichts zu bezahlen.", "There is nothing to pay."},
		problem.PaymentUnderWay:         {"Dafür läuft schon eine Zahlung, oder es ist bezahlt.", "A payment for it is under way, or it is paid."},
		problem.MethodNotOffered:        {"Mit dieser Zahlungsart können Sie heute nicht bezahlen.", "You can't pay this way today."},
		problem.CursorOutdated:          {"Dieser Cursor gilt nicht mehr, denn die Datenbank wurde aus einer Sicherung zurückgeholt. Bitte lesen Sie alles neu.", "This cursor is no longer good: the database was put back from a copy. Please read everything anew."},
		problem.WebhooksOff:             {"Dieser Dienst benachrichtigt keine Partner.", "This service makes no calls to partners."},
		problem.AlreadyClaimed:          {"Diesen Antrag bearbeitet {clerk}.", "{clerk} works on this application."},
		problem.RateLimited:             {"Zu viele Anfragen. Bitte versuchen Sie es in {wait} wieder.", "Too many requests. Please try again in {wait}."},
	}
}

func ruleWords() map[problem.Rule]words {
	return map[problem.Rule]words{
		problem.RuleOneOf:      {"Bitte geben Sie genau eine der Möglichkeiten an.", "Give exactly one of the alternatives."},
		problem.RuleAnyOf:      {"Bitte geben Sie eine Nummer, einen Namen oder einen Tag an.", "Give a reference, a name or a day."},
		problem.RuleLength:     {"Bitte geben Sie {min} bis {max} Zeichen ein.", "Enter {min} to {max} characters."},
		problem.RuleRange:      {"Möglich sind {min} bis {max}.", "Possible are {min} to {max}."},
		problem.RuleCaseKey:    {"Ein Vorgangsschlüssel besteht aus 43 Zeichen base64url.", "A case key is 43 characters of base64url."},
		problem.RuleEmail:      {"Für die Erinnerung wird eine E-Mail-Adresse gebraucht.", "A reminder needs an e-mail address."},
		problem.RulePast:       {"Das Datum liegt in der Vergangenheit.", "The date is in the past."},
		problem.RuleOrder:      {"Das Ende muss nach dem Anfang liegen.", "The end must come after the start."},
		problem.RuleCombinable: {"Diese Leistung braucht einen eigenen Termin.", "This service needs an appointment of its own."},
		problem.RuleSpan:       {"Zusammen sind höchstens {max} Minuten möglich.", "At most {max} minutes are possible together."},
		problem.RuleDuplicate:  {"Das steht schon da.", "This is there already."},
		problem.RuleChannel:    {"Bitte geben Sie an, auf welchem Weg die Person sich gemeldet hat.", "Say in which way the person got in touch."},
		problem.RuleText:       {"Diese Zeichen sind hier nicht möglich.", "These characters are not possible here."},
		problem.RuleName:       {"Bitte geben Sie einen Namen an. Einer genügt, wenn Sie nur einen haben.", "Give a name. One is enough if you have only one."},
		problem.RuleEmailForm:  {"Bitte geben Sie eine vollständige E-Mail-Adresse ein, wie name@beispiel.de.", "Enter a complete e-mail address, like name@example.org."},
		problem.RuleEmailLocal: {"An Adressen mit Umlauten oder anderen Sonderzeichen vor dem @ können wir noch nicht schreiben. Bitte geben Sie eine andere an.", "We can't write to addresses with umlauts or other special letters before the @ yet. Please give another one."},
		problem.RuleCursor:     {"Das ist kein Cursor dieser Liste.", "This is not a cursor of this list."},
		problem.RuleFile:       {"Das steht in der Datei der Stadt und wird dort geändert.", "This stands in the town's file, and is changed there."},
		problem.RuleFiles:      {"Hier gilt schon, was in der Datei der Stadt steht.", "What the town's file says holds here already."},
		problem.RuleDay:        {"Das ist nur am Tag des Termins möglich.", "This is possible on the day of the appointment only."},
		problem.RuleReturn:     {"Zu dieser Adresse können wir Sie nach der Zahlung nicht zurückleiten.", "We can't send you back to this address after the payment."},
		problem.RuleDispatch:   {"Bitte geben Sie genau dann an, wann verschickt wurde, wenn die Leistung per Post kommt.", "Say when it was sent exactly where the service is delivered by post."},
		problem.RuleEnded:      {"Den Betrieb dieser Zahlungsart hat ihr Anbieter eingestellt.", "The operator of this payment method has stopped."},
		problem.RuleOverlap:    {"Das überschneidet sich mit einem anderen Eintrag.", "This overlaps with another entry."},
		problem.RuleGrid:       {"Möglich sind Zeiten im Abstand von fünf Minuten.", "Times must be multiples of five minutes."},
		problem.RuleBreak:      {"Die Pause muss innerhalb der Öffnungszeit liegen.", "The break must lie within the opening hours."},
		problem.RuleInside:     {"Die Zeiten eines Schalters müssen innerhalb der Öffnungszeiten liegen.", "A counter's hours must lie within the opening hours."},
		problem.RuleCounter:    {"Das kann nur für einen Schalter festgelegt werden.", "This can be set for a counter only."},
		problem.RuleCount:      {"Es gibt schon {max} davon.", "There are {max} of them already."},
		problem.RulePartnerKey: {"Ein Partnerschlüssel besteht aus nelke_partner_ und 43 Zeichen base64url.", "A partner's key is nelke_partner_ and 43 characters of base64url."},
		problem.RuleHTTPS:      {"Bitte geben Sie eine Adresse an, die mit https:// beginnt.", "Give an address that begins with https://."},
		problem.RuleHost:       {"Den Namen des Servers gibt es nicht.", "The server's name isn't known."},
		problem.RulePublic:     {"Die Adresse muss im öffentlichen Internet liegen.", "The address must be on the public internet."},
		problem.RuleDate:       {"Bitte geben Sie ein Datum wie 2026-11-22 an, das es gibt.", "Give a date like 2026-11-22, of a day that exists."},
		problem.RuleTime:       {"Bitte geben Sie eine Uhrzeit wie 08:30 an.", "Give a time like 08:30."},
		problem.RulePhone:      {"Bitte geben Sie eine Telefonnummer mit Vorwahl an, wie 05235 5040 oder +49 5235 5040.", "Give a phone number with its area code, like 05235 5040 or +49 5235 5040."},
		problem.RuleFuture:     {"Das Datum liegt in der Zukunft.", "The date is in the future."},
		problem.RuleMonths:     {"Zusammen sind höchstens {max} Monate möglich.", "At most {max} months are possible together."},
		problem.RuleFeedback:   {"Bitte geben Sie eine Bewertung ab, oder schreiben Sie uns etwas.", "Give a rating, or write something."},
		problem.RuleOutdated:   {"Bitte bestätigen Sie die Datenschutzerklärung, die heute gilt.", "Please acknowledge the privacy notice in force today."},
	}
}
