package web

import (
	"bytes"
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
	if !slices.Contains(s.Channels, api.ServiceChannel_ONLINE) && slices.Contains(s.Channels, api.ServiceChannel_APPOINTMENT) {
		p := v.frame(v.t("Dafür müssen Sie vorbeikommen", "You have to come in person for this")).With(&read.Municipality.TownFrame)
		return v.show(http.StatusOK, view.ComeIn(p, read.Municipality, s))
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
		return v.show(v.statusOf(problem), view.Information(p, view.InformationOf(s), "/dienste/"+s.Slug+"/antrag"))
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
	return v.site.draftOf(a)
}

// draftOf returns an application with its form and answers.
func (s *Site) draftOf(a *api.ApplicationWhole) (*view.Draft, error) {
	f, err := s.formOf(a)
	if err != nil {
		return nil, err
	}
	d := &view.Draft{Application: a, Form: f, Answers: form.Answers{}}
	if a.Answers != nil {
		numbers := json.NewDecoder(bytes.NewReader(*a.Answers))
		numbers.UseNumber() // an integer keeps all its digits
		if err := numbers.Decode(&d.Answers); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// formOf returns an application's form. A form never changes under its id, so that it is read once.
func (s *Site) formOf(a *api.ApplicationWhole) (*form.Form, error) {
	if f, ok := s.forms.Load(a.Form.Id); ok {
		return f.(*form.Form), nil //nolint:forcetypeassert // nothing else is stored there
	}
	f, err := form.Read(a.Form.Schema)
	if err == nil {
		s.forms.Store(a.Form.Id, f)
	}
	return f, err
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
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	if next := nextStep(d); next != "/antrag/"+d.Application.Id+"/warten" {
		return v.see(next)
	}
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
	if len(problems) > 0 && problems[0].GetCode() == api.ProblemCode_ANSWERS_INVALID {
		return v.showFaults(d, problems)
	}
	if len(problems) > 0 && !leadsOn(problems[0]) {
		p, err := v.framed(v.t("Das ging nicht", "That did not work"))
		if err != nil {
			return err
		}
		p.Faults = []view.Fault{{Message: problems[0].GetMessage()}}
		return v.show(v.statusOf(problems[0]), view.Refused(p, "/antrag/"+d.Application.Id))
	}
	return v.see("/antrag/" + d.Application.Id)
}

// showFaults shows the first section of the form that has some of the problems, with them beside their fields.
func (v *visit) showFaults(d *view.Draft, problems []api.Problem) error {
	found := placed(problems)
	for i, p := range found { // which lead to the application's answers
		if len(p.Path) > 2 {
			found[i].Path = slices.Concat([]string{"input", "answers"}, p.Path[2:])
		}
	}
	faults := d.Form.Place(found, d.Answers)
	for n := range d.Form.Sections() {
		if here := faults.In(n); len(here) > 0 {
			return v.showSection(http.StatusUnprocessableEntity, d, form.Page{Section: n, Answers: d.Answers, Faults: here, Language: v.lang}, nil)
		}
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
