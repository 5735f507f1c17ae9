package web

import (
	"context"
	"net/http"
	"net/url"

	"nelke/web/api"
	"nelke/web/view"
)

// appointment is the page of one appointment: its confirmation, and later what becomes of it.
func (v *visit) appointment() error {
	v.look = look{page: api.VisitPage_CASE}
	a, err := v.ownAppointment(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if a.Status == api.AppointmentStatus_HELD {
		return v.see("/reservierung/" + a.Id)
	}
	return v.showAppointment(http.StatusOK, a, nil)
}

func (v *visit) showAppointment(status int, a *api.AppointmentWhole, faults []view.Fault) error {
	p, err := v.framed(v.frame("").AppointmentTitle(a))
	if err != nil {
		return err
	}
	p.Faults = faults
	return v.show(status, view.Appointment(p, a))
}

// appointmentLive sends the appointment's state whenever it changes.
func (v *visit) appointmentLive() error {
	if v.caseKey() == "" {
		return errNoCase
	}
	stream := v.stream()
	variables := map[string]any{"id": v.r.PathValue("id")}
	err := follow(v.r.Context(), v.own(), "AppointmentLive", api.AppointmentLive_Operation, variables, stream, func(state *api.AppointmentLiveResponse) error {
		if state.Appointment == nil {
			return errEnded
		}
		return stream.send(view.AppointmentState(v.frame(""), state.Appointment))
	})
	return stream.end(err)
}

// writeAppointment runs a write on an appointment and goes on to its page, where a problem is shown.
func (v *visit) writeAppointment(name string, write func(ctx context.Context, key, id string) ([]api.Problem, error)) error {
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
		return v.see("/vorgang/termin/" + id)
	}
	a, err := v.ownAppointment(id)
	if err != nil {
		return err
	}
	return v.showAppointment(v.statusOf(problems[0]), a, []view.Fault{{Message: problems[0].GetMessage()}})
}

func (v *visit) confirmCancel() error {
	a, err := v.ownAppointment(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	p, err := v.framed(v.t("Termin absagen?", "Cancel the appointment?"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.ConfirmCancel(p, a))
}

func (v *visit) cancel() error {
	return v.writeAppointment("cancelAppointment", func(ctx context.Context, key, id string) ([]api.Problem, error) {
		done, err := api.CancelAppointment(ctx, v.own(), key, id)
		if err != nil {
			return nil, err
		}
		return done.CancelAppointment.Problems, nil
	})
}

// moveTimes is the page of times to which an appointment can be moved.
func (v *visit) moveTimes() error {
	a, err := v.ownAppointment(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.showMove(http.StatusOK, a, nil)
}

func (v *visit) showMove(status int, a *api.AppointmentWhole, faults []view.Fault) error {
	q, err := v.wants(view.ConcernsOf(a))
	if err != nil {
		return err
	}
	if q.office == nil || len(q.concerns) == 0 {
		return v.showAppointment(http.StatusConflict, a, []view.Fault{{Message: v.t(
			"Dieser Termin lässt sich online nicht verschieben. Bitte rufen Sie das Büro an.", "This appointment can't be moved online. Please call the office.")}})
	}
	calendar, err := v.calendar(q)
	if err != nil {
		return err
	}
	p := v.frame(v.t("Auf wann möchten Sie verschieben?", "When do you want to move it to?")).With(&q.town.TownFrame)
	p.Faults = faults
	t := v.timesOf(q, calendar, v.r.FormValue("ab"), v.r.FormValue("ansicht"))
	t.Moving, t.Action = a, "/vorgang/termin/"+a.Id+"/verschieben"
	return v.show(status, view.Times(p, t))
}

// move gives an appointment another time. The old one stays until the new one is had.
func (v *visit) move() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	a, err := v.ownAppointment(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	start, err := view.Instant(v.r.PostForm.Get("start"))
	if err != nil {
		return v.showMove(http.StatusUnprocessableEntity, a, nil)
	}
	key := v.idempotencyKey(url.Values{"key": v.r.PostForm["key"], "start": v.r.PostForm["start"]}, "rescheduleAppointment")
	done, err := api.RescheduleAppointment(v.r.Context(), v.own(), key, a.Id, start)
	if err != nil {
		return err
	}
	if problems := done.RescheduleAppointment.Problems; len(problems) > 0 {
		return v.showMove(v.statusOf(problems[0]), a, []view.Fault{{Message: problems[0].GetMessage()}})
	}
	return v.see("/vorgang/termin/" + a.Id)
}

func (v *visit) correctPerson() error {
	a, err := v.ownAppointment(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.askCorrection(http.StatusOK, a, view.PersonOf(a), nil)
}

func (v *visit) askCorrection(status int, a *api.AppointmentWhole, typed *view.Person, faults []view.Fault) error {
	p, err := v.framed(v.t("Angaben zum Termin ändern", "Change the details of the appointment"))
	if err != nil {
		return err
	}
	p.Faults = faults
	return v.show(status, view.CorrectPerson(p, a, typed))
}

func (v *visit) correct() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	a, err := v.ownAppointment(v.r.PathValue("id"))
	if err != nil {
		return err
	}
	typed := typedPerson(v.r.PostForm)
	if typed == nil {
		typed = &view.Person{}
	}
	if faults := v.personFaults(typed); len(faults) > 0 {
		return v.askCorrection(http.StatusUnprocessableEntity, a, typed, faults)
	}
	done, err := api.CorrectAppointment(v.r.Context(), v.own(), v.idempotencyKey(v.r.PostForm, "correctAppointment"), a.Id,
		v.r.PostForm.Get("notice"), typed.Input(), typed.Reminder)
	if err != nil {
		return err
	}
	if problems := done.CorrectAppointment.Problems; len(problems) > 0 {
		return v.askCorrection(v.statusOf(problems[0]), a, typed, personProblems(problems))
	}
	return v.see("/vorgang/termin/" + a.Id)
}
