package web

import (
	"context"
	"net/http"

	"nelke/web/api"
	"nelke/web/view"
)

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
	return v.showApplication(http.StatusOK, a, "", nil)
}

func (v *visit) showApplication(status int, a *api.ApplicationWhole, typed string, faults []view.Fault) error {
	p, err := v.framed(v.frame("").ApplicationTitle(a))
	if err != nil {
		return err
	}
	p.Faults = faults
	return v.show(status, view.Application(p, a, typed))
}

func (v *visit) applicationLive() error {
	if v.caseKey() == "" {
		return errNoCase
	}
	stream := v.stream()
	var before *string // the question that the page had
	variables := map[string]any{"id": v.r.PathValue("id"), "language": v.language()}
	err := follow(v.r.Context(), v.own(), "ApplicationLive", api.ApplicationLive_Operation, variables, stream, func(state *api.ApplicationLiveResponse) error {
		if state.Application == nil {
			return errEnded
		}
		asked := view.Asked(state.Application)
		if before != nil && *before != asked { // the form for the answer is outside of what is sent
			return stream.event("reload", "")
		}
		before = &asked
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
	d, err := v.site.draftOf(a)
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
	fault := view.Fault{Message: problems[0].GetMessage()}
	if path := problems[0].GetPath(); len(path) > 0 && path[len(path)-1] == "message" {
		fault.Field = "message"
	}
	return v.showApplication(v.statusOf(problems[0]), a, v.r.PostForm.Get("message"), []view.Fault{fault})
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
