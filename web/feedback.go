package web

import (
	"net/http"
	"strconv"
	"strings"

	"nelke/web/api"
	"nelke/web/view"
)

// subjects are what feedback can be about, by the word in addresses.
func subjects() map[string]api.FeedbackSubject {
	return map[string]api.FeedbackSubject{
		"antrag": api.FeedbackSubject_APPLICATION, "termin": api.FeedbackSubject_APPOINTMENT, "barriere": api.FeedbackSubject_ACCESSIBILITY,
		"seite": api.FeedbackSubject_PAGE,
	}
}

// feedback asks how it was.
func (v *visit) feedback() error { return v.askFeedback(http.StatusOK, nil) }

func (v *visit) askFeedback(status int, faults []view.Fault) error {
	p, err := v.framed(v.t("Ihre Rückmeldung", "Your feedback"))
	if err != nil {
		return err
	}
	p.Faults = faults
	about := v.r.FormValue("zu")
	if _, ok := subjects()[about]; !ok {
		about = "seite"
	}
	return v.show(status, view.AskFeedback(p, about, v.r.FormValue("note"), v.r.FormValue("text")))
}

// giveFeedback sends what a person says of the portal. Nothing of their case goes with it.
func (v *visit) giveFeedback() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	step := v.r.PostForm.Get("zu")
	about, ok := subjects()[step]
	if !ok {
		step, about = "seite", api.FeedbackSubject_PAGE
	}
	var satisfaction *int
	if n, err := strconv.Atoi(v.r.PostForm.Get("note")); err == nil && n >= 1 && n <= 5 {
		satisfaction = &n
	}
	text := strings.TrimSpace(v.r.PostForm.Get("text"))
	if satisfaction == nil && text == "" {
		return v.askFeedback(http.StatusUnprocessableEntity, []view.Fault{{Field: "note-5", Message: v.t("Bitte wählen Sie eine Note, oder schreiben Sie etwas.", "Please choose a rating, or write something.")}})
	}
	c := v.public()
	c.made = nil
	done, err := api.GiveFeedback(v.r.Context(), c, v.idempotencyKey(v.r.PostForm, "giveFeedback"), v.slug, about, step, satisfaction, view.OrNil(text))
	if err != nil {
		return err
	}
	if problems := done.GiveFeedback.Problems; len(problems) > 0 {
		field := ""
		if path := problems[0].GetPath(); len(path) > 0 && path[len(path)-1] == "message" {
			field = "text"
		}
		return v.askFeedback(v.statusOf(problems[0]), []view.Fault{{Field: field, Message: problems[0].GetMessage()}})
	}
	return v.see("/rueckmeldung/danke")
}

func (v *visit) thanked() error {
	p, err := v.framed(v.t("Danke für Ihre Rückmeldung", "Thank you for your feedback"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.Thanked(p))
}
