package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/a-h/templ"

	"nelke/web/api"
	"nelke/web/form"
	"nelke/web/view"
)

// information is the page from which an application begins: what must be read, and what it costs.
func (v *visit) information() error {
	read, err := api.Service(v.r.Context(), v.public(), v.slug, v.r.PathValue("service"))
	if err != nil {
		return err
	}
	s := read.PublicService
	if s == nil || read.Municipality == nil {
		return errNotFound
	}
	if !s.Open || s.Form == nil {
		return v.see("/dienste/" + s.Slug)
	}
	v.look = look{api.VisitPage_APPLY, &s.Id}
	p := v.frame(s.Name).With(&read.Municipality.TownFrame)
	return v.show(http.StatusOK, view.Information(p, view.InformationOf(s), "/dienste/"+s.Slug+"/antrag"))
}

// begin opens a draft, and a case for the person who has none.
func (v *visit) begin() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	read, err := api.Service(v.r.Context(), v.public(), v.slug, v.r.PathValue("service"))
	if err != nil {
		return err
	}
	s := read.PublicService
	if s == nil || read.Municipality == nil {
		return errNotFound
	}
	refused := func(problem api.Problem) error {
		p := v.frame(s.Name).With(&read.Municipality.TownFrame)
		p.Faults = []view.Fault{{Message: problem.GetMessage()}}
		return v.show(statusOf(problem), view.Information(p, view.InformationOf(s), "/dienste/"+s.Slug+"/antrag"))
	}
	if problem, err := v.haveCase(); err != nil {
		return err
	} else if problem != nil {
		return refused(problem)
	}
	begun := url.Values{"key": v.r.PostForm["key"]} // without what a form says besides, so that a repeat is one
	done, err := api.StartApplication(v.r.Context(), v.own(), v.idempotencyKey(begun, "startApplication"), s.Id)
	if err != nil {
		return err
	}
	if problems := done.StartApplication.Problems; len(problems) > 0 {
		return refused(problems[0])
	}
	id := done.StartApplication.Application.Id
	confirmed, err := api.ConfirmInformation(v.r.Context(), v.own(), v.idempotencyKey(begun, "confirmInformation"), id)
	if err != nil {
		return err
	}
	if problems := confirmed.ConfirmInformation.Problems; len(problems) > 0 && problems[0].GetCode() != api.ProblemCode_WRONG_STATE {
		return refused(problems[0])
	}
	return v.see("/antrag/" + id)
}

// ownApplication returns an application of the visitor.
func (v *visit) ownApplication() (*api.ApplicationWhole, error) {
	if v.caseKey() == "" {
		return nil, errNoCase
	}
	read, err := api.Application(v.r.Context(), v.own(), v.r.PathValue("id"), v.language())
	if err != nil {
		return nil, err
	}
	if read.Application == nil || read.Application.Service.Municipality.Slug != v.slug {
		return nil, errNotFound
	}
	return read.Application, nil
}

// draft returns a draft of the visitor, and its form. An application that is none any more is shown in its place: then it returns nil.
func (v *visit) draft() (*view.Draft, error) {
	a, err := v.ownApplication()
	if err != nil {
		return nil, err
	}
	if a.Status != api.ApplicationStatus_DRAFT {
		return nil, v.see("/vorgang/antrag/" + a.Id)
	}
	v.look = look{api.VisitPage_APPLY, &a.Service.Id}
	return draftOf(a)
}

func draftOf(a *api.ApplicationWhole) (*view.Draft, error) {
	f, err := form.Read(a.Form.Schema)
	if err != nil {
		return nil, err
	}
	d := &view.Draft{Application: a, Form: f, Answers: form.Answers{}}
	if a.Answers != nil {
		if err := json.Unmarshal(*a.Answers, &d.Answers); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// onDraft runs a page on a draft of the visitor.
func (v *visit) onDraft(title string, show func(p *view.Page, d *view.Draft) templ.Component) error {
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	p, err := v.framed(title)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, show(p, d))
}

// resumeDraft leads to the next step of a draft.
func (v *visit) resumeDraft() error {
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	return v.see(nextStep(d))
}

// nextStep returns the page of the first open step of a draft.
func nextStep(d *view.Draft) string {
	path := "/antrag/" + d.Application.Id
	if len(d.Application.OpenSteps) == 0 {
		return path + "/absenden"
	}
	switch d.Application.OpenSteps[0] {
	case api.ApplicationStep_CONFIRM_INFORMATION:
		return path + "/informationen"
	case api.ApplicationStep_ACKNOWLEDGE_PRIVACY:
		return path + "/datenschutz"
	case api.ApplicationStep_ANSWER:
		return path + "/angaben/" + strconv.Itoa(d.Unanswered()+1)
	case api.ApplicationStep_REVIEW:
		return path + "/pruefen"
	case api.ApplicationStep_PAY:
		if p := d.Application.Payment; p != nil && (p.Status == api.PaymentStatus_CREATED || p.Status == api.PaymentStatus_PENDING) {
			return path + "/bezahlung"
		}
		return path + "/bezahlen"
	default:
		return path + "/warten"
	}
}

// waiting says what keeps a draft that the person can't change: the service is closed, or the town asks for proof of identity.
func (v *visit) waiting() error {
	return v.onDraft(v.t("Gerade nicht möglich", "Not possible just now"), view.Waiting)
}

// informationAgain shows the information of the service once more: it has changed since it was confirmed.
func (v *visit) informationAgain() error {
	return v.onDraft(v.t("Bitte lesen Sie die Informationen", "Please read the information"), func(p *view.Page, d *view.Draft) templ.Component {
		return view.Information(p, view.InformationOfDraft(d), "/antrag/"+d.Application.Id+"/informationen")
	})
}

// writeDraft runs a write on a draft and goes on to its next step. A problem leads there, too: the step that it names is the next one.
func (v *visit) writeDraft(name string, write func(ctx context.Context, key string, d *view.Draft) ([]api.Problem, error)) error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	problems, err := write(v.r.Context(), v.idempotencyKey(v.r.PostForm, name), d)
	if err != nil {
		return err
	}
	if len(problems) > 0 && !leadsOn(problems[0]) {
		p, err := v.framed(v.t("Das ging nicht", "That did not work"))
		if err != nil {
			return err
		}
		p.Faults = []view.Fault{{Message: problems[0].GetMessage()}}
		return v.show(statusOf(problems[0]), view.Refused(p, "/antrag/"+d.Application.Id))
	}
	return v.see("/antrag/" + d.Application.Id)
}

// leadsOn reports whether the next step of the draft says what the problem does.
func leadsOn(problem api.Problem) bool {
	switch problem.GetCode() {
	case api.ProblemCode_INFORMATION_NOT_CONFIRMED, api.ProblemCode_NOTICE_NOT_ACKNOWLEDGED, api.ProblemCode_ANSWERS_INVALID, api.ProblemCode_NOT_REVIEWED,
		api.ProblemCode_FEE_UNPAID, api.ProblemCode_NOTHING_DUE, api.ProblemCode_PAYMENT_UNDER_WAY, api.ProblemCode_STALE_REVISION, api.ProblemCode_WRONG_STATE,
		api.ProblemCode_SERVICE_CLOSED, api.ProblemCode_TRUST_REQUIRED:
		return true
	}
	return false
}

func (v *visit) confirmInformation() error {
	return v.writeDraft("confirmInformation", func(ctx context.Context, key string, d *view.Draft) ([]api.Problem, error) {
		done, err := api.ConfirmInformation(ctx, v.own(), key, d.Application.Id)
		if err != nil {
			return nil, err
		}
		return done.ConfirmInformation.Problems, nil
	})
}

func (v *visit) notice() error {
	return v.onDraft(v.t("Datenschutzerklärung", "Privacy notice"), view.DraftNotice)
}

func (v *visit) acknowledge() error {
	return v.writeDraft("acknowledgePrivacyNotice", func(ctx context.Context, key string, d *view.Draft) ([]api.Problem, error) {
		done, err := api.AcknowledgeNotice(ctx, v.own(), key, d.Application.Id, v.r.PostForm.Get("notice"))
		if err != nil {
			return nil, err
		}
		return done.AcknowledgePrivacyNotice.Problems, nil
	})
}

// sectionOf returns the section of the path, counted from 0; -1 where there is none.
func (v *visit) sectionOf(d *view.Draft) int {
	n, err := strconv.Atoi(v.r.PathValue("section"))
	if err != nil || n < 1 || n > len(d.Form.Sections()) {
		return -1
	}
	return n - 1
}

// section is one page of the form.
func (v *visit) section() error {
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	n := v.sectionOf(d)
	if n < 0 {
		return errNotFound
	}
	return v.showSection(http.StatusOK, d, form.Page{Section: n, Answers: d.Answers, Language: v.lang}, nil)
}

func (v *visit) showSection(status int, d *view.Draft, page form.Page, faults []view.Fault) error {
	p, err := v.framed(d.Form.Sections()[page.Section].Title.In(v.lang))
	if err != nil {
		return err
	}
	fields := d.Form.View(page)
	p.Faults = faults
	for _, e := range fields.Errors() {
		p.Faults = append(p.Faults, view.Fault{Field: e.ID, Message: e.Message})
	}
	return v.show(status, view.Section(p, d, page.Section, fields, v.r.FormValue("zurueck") == "pruefen"))
}

// saveSection keeps what was typed on a page of the form, and goes on to the next page.
func (v *visit) saveSection() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	n := v.sectionOf(d)
	if n < 0 {
		return errNotFound
	}
	answers, change := d.Form.Parse(n, v.r.PostForm, d.Answers, v.lang)
	page := form.Page{Section: n, Answers: answers, Change: change, Language: v.lang}
	if change.Again() {
		return v.showSection(statusOfChange(change), d, page, nil)
	}
	problems, err := v.save(d, n, answers)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return v.unsaved(d, page, problems)
	}
	if v.r.PostForm.Get("zurueck") == "pruefen" {
		return v.see("/antrag/" + d.Application.Id + "/pruefen")
	}
	for next := n + 1; next < len(d.Form.Sections()); next++ {
		if !d.Form.Empty(next, answers) {
			return v.see("/antrag/" + d.Application.Id + "/angaben/" + strconv.Itoa(next+1))
		}
	}
	return v.see("/antrag/" + d.Application.Id + "/pruefen")
}

func statusOfChange(c form.Change) int {
	if len(c.Faults) > 0 {
		return http.StatusUnprocessableEntity
	}
	return http.StatusOK
}

// unsaved shows a page of the form again, with the problems beside their fields. Where another window was faster, the page has what was typed here and
// the revision of there, so that sending it once more is a choice.
func (v *visit) unsaved(d *view.Draft, page form.Page, problems []api.Problem) error {
	if problems[0].GetCode() != api.ProblemCode_ANSWERS_INVALID {
		return v.showSection(statusOf(problems[0]), d, page, []view.Fault{{Message: problems[0].GetMessage()}})
	}
	page.Faults = d.Form.Place(placed(problems), page.Answers).In(page.Section)
	return v.showSection(http.StatusUnprocessableEntity, d, page, nil)
}

func placed(problems []api.Problem) []form.Problem {
	all := make([]form.Problem, len(problems))
	for i, p := range problems {
		all[i] = form.Problem{Message: p.GetMessage(), Path: p.GetPath()}
	}
	return all
}

// save keeps the answers. Those of other sections may still be missing: what is wrong there is no matter of this page. It returns the
// problems of the section, or that of the draft as a whole.
func (v *visit) save(d *view.Draft, section int, answers form.Answers) ([]api.Problem, error) {
	raw, err := json.Marshal(answers)
	if err != nil {
		return nil, err
	}
	revision, err := strconv.Atoi(v.r.PostForm.Get("revision")) // that of the page: another window may have been faster
	if err != nil {
		revision = d.Application.Revision
	}
	for _, incomplete := range []bool{false, true} {
		key := v.idempotencyKey(v.r.PostForm, "saveAnswers "+strconv.FormatBool(incomplete))
		done, err := api.SaveAnswers(v.r.Context(), v.own(), key, d.Application.Id, revision, raw, incomplete)
		if err != nil {
			return nil, err
		}
		problems := done.SaveAnswers.Problems
		if len(problems) > 0 && problems[0].GetCode() == api.ProblemCode_STALE_REVISION && !incomplete {
			continue // the same form sent twice was saved as incomplete, and is again under the same key
		}
		if len(problems) == 0 || problems[0].GetCode() != api.ProblemCode_ANSWERS_INVALID || incomplete {
			return problems, nil
		}
		here := slices.DeleteFunc(slices.Clone(problems), func(p api.Problem) bool {
			return len(d.Form.Place(placed([]api.Problem{p}), answers).In(section)) == 0
		})
		if len(here) > 0 {
			return here, nil
		}
	}
	return nil, nil
}

// checkAnswers shows all answers for a last look.
func (v *visit) checkAnswers() error {
	return v.onDraft(v.t("Bitte prüfen Sie Ihre Angaben", "Please check your details"), view.CheckAnswers)
}

func (v *visit) reviewed() error {
	return v.writeDraft("reviewApplication", func(ctx context.Context, key string, d *view.Draft) ([]api.Problem, error) {
		revision, err := strconv.Atoi(v.r.PostForm.Get("revision"))
		if err != nil {
			revision = d.Application.Revision
		}
		done, err := api.ReviewApplication(ctx, v.own(), key, d.Application.Id, revision)
		if err != nil {
			return nil, err
		}
		return done.ReviewApplication.Problems, nil
	})
}

// pay asks how to pay.
func (v *visit) pay() error {
	return v.onDraft(v.t("Wie möchten Sie bezahlen?", "How do you want to pay?"), view.Pay)
}

// startPayment begins a payment and leads to the page to pay on.
func (v *visit) startPayment() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	method := v.r.PostForm.Get("method")
	refused := func(status int, f view.Fault) error {
		p, err := v.framed(v.t("Wie möchten Sie bezahlen?", "How do you want to pay?"))
		if err != nil {
			return err
		}
		p.Faults = []view.Fault{f}
		return v.show(status, view.Pay(p, d))
	}
	if !slices.Contains(d.Application.Service.Municipality.PaymentMethods, api.PaymentMethod(method)) {
		return refused(http.StatusUnprocessableEntity, view.Fault{Field: "method", Message: v.t("Bitte wählen Sie, wie Sie bezahlen möchten.", "Please choose how you want to pay.")})
	}
	done, err := api.StartPayment(v.r.Context(), v.own(), v.idempotencyKey(v.r.PostForm, "startPayment"), d.Application.Id, api.PaymentMethod(method),
		v.site.cfg.PublicURL+v.url("/antrag/"+d.Application.Id+"/bezahlung"))
	if err != nil {
		return err
	}
	if problems := done.StartPayment.Problems; len(problems) > 0 {
		if leadsOn(problems[0]) {
			return v.see("/antrag/" + d.Application.Id)
		}
		return refused(statusOf(problems[0]), view.Fault{Message: problems[0].GetMessage()})
	}
	if payment := done.StartPayment.Payment; payment.Status == api.PaymentStatus_PENDING && payment.RedirectUrl != nil {
		return v.redirect(*payment.RedirectUrl)
	}
	return v.see("/antrag/" + d.Application.Id + "/bezahlung")
}

// paid is the page to which the provider sends the person back: it says what is known, and follows what comes.
func (v *visit) paid() error {
	a, err := v.ownApplication()
	if err != nil {
		return err
	}
	if a.Status != api.ApplicationStatus_DRAFT {
		return v.see("/vorgang/antrag/" + a.Id)
	}
	if a.Payment == nil {
		return v.see("/antrag/" + a.Id)
	}
	p, err := v.framed(v.t("Ihre Bezahlung", "Your payment"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.PaymentPage(p, a))
}

func (v *visit) paidLive() error {
	if v.caseKey() == "" {
		return errNoCase
	}
	stream := v.stream()
	variables := map[string]any{"id": v.r.PathValue("id"), "language": v.language()}
	err := follow(v.r.Context(), v.own(), "ApplicationLive", api.ApplicationLive_Operation, variables, stream, func(state *api.ApplicationLiveResponse) error {
		if state.Application == nil || state.Application.Payment == nil {
			return errEnded
		}
		return stream.send(view.PaymentNow(v.frame(""), state.Application))
	})
	return stream.end(err)
}

func (v *visit) cancelPayment() error {
	return v.writeDraft("cancelPayment", func(ctx context.Context, key string, d *view.Draft) ([]api.Problem, error) {
		if d.Application.Payment == nil {
			return nil, nil
		}
		done, err := api.CancelPayment(ctx, v.own(), key, d.Application.Payment.Id)
		if err != nil {
			return nil, err
		}
		return done.CancelPayment.Problems, nil
	})
}

// confirmSubmit is the last page before the office gets the application.
func (v *visit) confirmSubmit() error {
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	if len(d.Application.OpenSteps) > 0 {
		return v.see(nextStep(d))
	}
	return v.onDraft(v.t("Antrag absenden", "Send the application"), view.ConfirmSubmit)
}

func (v *visit) submit() error {
	return v.writeDraft("submitApplication", func(ctx context.Context, key string, d *view.Draft) ([]api.Problem, error) {
		done, err := api.SubmitApplication(ctx, v.own(), key, d.Application.Id)
		if err != nil {
			return nil, err
		}
		return done.SubmitApplication.Problems, nil
	})
}

// application is the page of an application that was sent: its confirmation, and what becomes of it.
func (v *visit) application() error {
	v.look = look{page: api.VisitPage_CASE}
	a, err := v.ownApplication()
	if err != nil {
		return err
	}
	if a.Status == api.ApplicationStatus_DRAFT {
		return v.see("/antrag/" + a.Id)
	}
	return v.showApplication(http.StatusOK, a, nil)
}

func (v *visit) showApplication(status int, a *api.ApplicationWhole, faults []view.Fault) error {
	p, err := v.framed(v.frame("").ApplicationTitle(a))
	if err != nil {
		return err
	}
	p.Faults = faults
	return v.show(status, view.Application(p, a))
}

func (v *visit) applicationLive() error {
	if v.caseKey() == "" {
		return errNoCase
	}
	stream := v.stream()
	variables := map[string]any{"id": v.r.PathValue("id"), "language": v.language()}
	err := follow(v.r.Context(), v.own(), "ApplicationLive", api.ApplicationLive_Operation, variables, stream, func(state *api.ApplicationLiveResponse) error {
		if state.Application == nil {
			return errEnded
		}
		return stream.send(view.ApplicationState(v.frame(""), state.Application))
	})
	return stream.end(err)
}

// copyOf shows what was sent, to be printed.
func (v *visit) copyOf() error {
	a, err := v.ownApplication()
	if err != nil {
		return err
	}
	if a.Status == api.ApplicationStatus_DRAFT || a.SubmittedAt == nil {
		return v.see("/antrag/" + a.Id)
	}
	d, err := draftOf(a)
	if err != nil {
		return err
	}
	p, err := v.framed(v.t("Kopie Ihres Antrags", "Copy of your application"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.Copy(p, d))
}

// writeApplication runs a write on a sent application and goes on to its page, where a problem is shown.
func (v *visit) writeApplication(name string, write func(ctx context.Context, key, id string) ([]api.Problem, error)) error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	if v.caseKey() == "" {
		return errNoCase
	}
	id := v.r.PathValue("id")
	problems, err := write(v.r.Context(), v.idempotencyKey(v.r.PostForm, name), id)
	if err != nil {
		return err
	}
	if len(problems) == 0 {
		return v.see("/vorgang/antrag/" + id)
	}
	a, err := v.ownApplication()
	if err != nil {
		return err
	}
	return v.showApplication(statusOf(problems[0]), a, []view.Fault{{Message: problems[0].GetMessage()}})
}

// answerRequest sends the answer to a question of the office.
func (v *visit) answerRequest() error {
	return v.writeApplication("answerRequest", func(ctx context.Context, key, id string) ([]api.Problem, error) {
		done, err := api.AnswerRequest(ctx, v.own(), key, id, v.r.PostForm.Get("message"))
		if err != nil {
			return nil, err
		}
		return done.AnswerRequest.Problems, nil
	})
}

func (v *visit) confirmWithdraw() error {
	a, err := v.ownApplication()
	if err != nil {
		return err
	}
	p, err := v.framed(v.t("Antrag zurückziehen?", "Withdraw the application?"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.ConfirmWithdraw(p, a))
}

func (v *visit) withdraw() error {
	return v.writeApplication("withdrawApplication", func(ctx context.Context, key, id string) ([]api.Problem, error) {
		done, err := api.WithdrawApplication(ctx, v.own(), key, id)
		if err != nil {
			return nil, err
		}
		return done.WithdrawApplication.Problems, nil
	})
}
