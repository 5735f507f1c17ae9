package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"nelke/web/api"
	"nelke/web/view"
)

// matter is the page of the visitor's case: what is under way, and what there was.
func (v *visit) matter() error {
	v.look = look{page: api.VisitPage_CASE}
	if v.caseKey() == "" {
		return v.askKey(http.StatusOK, nil)
	}
	p, err := v.framed(v.t("Mein Vorgang", "My case"))
	if err != nil {
		return err
	}
	c, err := v.ownCase()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.Matter(p, c))
}

// ownCase returns the case of the visitor's key; nil where the key opens none yet.
func (v *visit) ownCase() (*api.CaseWhole, error) {
	if v.caseKey() == "" {
		return nil, errNoCase
	}
	read, err := api.Matter(v.r.Context(), v.own())
	if err != nil {
		return nil, err
	}
	if read.Viewer == nil || read.Viewer.Case == nil {
		return nil, nil
	}
	c := read.Viewer.Case
	if err := v.moreOf(c); err != nil {
		return nil, err
	}
	return c, nil
}

// moreOf reads the applications and appointments of a case after the first hundred of each.
func (v *visit) moreOf(c *api.CaseWhole) error {
	applications, err := rest(c.ApplicationConnection.PageInfo, func(after *string) ([]api.ApplicationLine, api.PageEnd, error) {
		read, err := api.MoreApplications(v.r.Context(), v.own(), after)
		if err != nil {
			return nil, api.PageEnd{}, err
		}
		if read.Viewer == nil || read.Viewer.Case == nil { // it has ended since
			return nil, api.PageEnd{}, errNoCase
		}
		page := read.Viewer.Case.ApplicationConnection
		return page.Nodes, page.PageInfo, nil
	})
	if err != nil {
		return err
	}
	appointments, err := rest(c.AppointmentConnection.PageInfo, func(after *string) ([]api.AppointmentLine, api.PageEnd, error) {
		read, err := api.MoreAppointments(v.r.Context(), v.own(), after)
		if err != nil {
			return nil, api.PageEnd{}, err
		}
		if read.Viewer == nil || read.Viewer.Case == nil { // it has ended since
			return nil, api.PageEnd{}, errNoCase
		}
		page := read.Viewer.Case.AppointmentConnection
		return page.Nodes, page.PageInfo, nil
	})
	c.ApplicationConnection.Nodes = append(c.ApplicationConnection.Nodes, applications...)
	c.AppointmentConnection.Nodes = append(c.AppointmentConnection.Nodes, appointments...)
	return err
}

func (v *visit) askKey(status int, faults []view.Fault) error {
	p, err := v.framed(v.t("Vorgang öffnen", "Open a case"))
	if err != nil {
		return err
	}
	p.Faults = faults
	return v.show(status, view.AskKey(p))
}

// signIn puts a case key that was typed, or came by the resume link, into the browser, if it opens a case of this town.
func (v *visit) signIn() error {
	if err := v.r.ParseForm(); err != nil {
		return errNotFound
	}
	key := keyIn(v.r.PostForm.Get("schluessel"))
	wrong := []view.Fault{{Field: "schluessel", Message: v.t("Dieser Schlüssel öffnet keinen Vorgang. Bitte prüfen Sie, ob er vollständig ist.", "This key opens no case. Please check whether it is complete.")}}
	if !isCaseKey(key) {
		return v.askKey(http.StatusUnprocessableEntity, wrong)
	}
	c := v.public()
	c.made, c.key = nil, key
	read, err := api.Matter(v.r.Context(), c)
	var refused *GraphError
	if errors.As(err, &refused) && refused.Code == "UNAUTHENTICATED" {
		return v.askKey(http.StatusUnprocessableEntity, wrong)
	}
	if err != nil {
		return err
	}
	if read.Viewer == nil || read.Viewer.Case == nil || read.Viewer.Case.Municipality.Slug != v.slug {
		return v.askKey(http.StatusUnprocessableEntity, wrong)
	}
	v.remember(key, v.r.PostForm.Get("merken") != "")
	return v.see("/vorgang")
}

// keyIn finds the key in what a person typed or pasted: the key itself, with blanks, or the whole link.
func keyIn(text string) string {
	if _, after, ok := strings.Cut(text, "#k="); ok {
		text = after
	}
	return strings.Join(strings.Fields(text), "")
}

// signOut takes the key out of the browser, and has the browser drop what it keeps of these pages.
func (v *visit) signOut() error {
	v.forget()
	v.w.Header().Set("Clear-Site-Data", `"cache"`)
	return v.see("/")
}

// keyPath is the page that shows the case key.
const keyPath = "/vorgang/schluessel"

// resumeLink shows the key and the link that open the case again.
func (v *visit) resumeLink() error {
	if v.caseKey() == "" {
		return errNoCase
	}
	p, err := v.framed(v.t("Später wiederkommen", "Come back later"))
	if err != nil {
		return err
	}
	link := v.origin() + v.url("/vorgang") + "#k=" + v.caseKey()
	return v.show(http.StatusOK, view.ResumeLink(p, v.caseKey(), link))
}

// myData shows everything that is kept about the case.
func (v *visit) myData() error {
	v.look = look{page: api.VisitPage_CASE}
	c, err := v.ownCase()
	if err != nil {
		return err
	}
	if c == nil {
		return v.see("/vorgang")
	}
	p, err := v.framed(v.t("Meine Daten", "My data"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, view.MyData(p, c))
}

// personalData is what the person's own copy of their data has.
type personalData struct {
	Case         *api.CaseWhole          `json:"case"`
	Applications []*api.ApplicationCopy  `json:"applications"`
	Appointments []*api.AppointmentWhole `json:"appointments"`
	Events       []api.CaseEvent         `json:"events"`
}

// downloadData sends the case, its applications with their payments, its appointments and what happened to them, as JSON.
func (v *visit) downloadData() error {
	c, err := v.ownCase()
	if err != nil {
		return err
	}
	if c == nil {
		return errNotFound
	}
	all, err := v.dataOf(c)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	header := v.w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", "application/json")
	header.Set("Content-Disposition", `attachment; filename="vorgang.json"`)
	_, _ = v.w.Write(body) // a client that went away is no concern of ours
	return nil
}

func (v *visit) dataOf(c *api.CaseWhole) (*personalData, error) {
	all := &personalData{Case: c}
	for _, line := range c.ApplicationConnection.Nodes {
		read, err := api.ApplicationCopyOf(v.r.Context(), v.own(), line.Id, v.language())
		if err != nil {
			return nil, err
		}
		all.Applications = append(all.Applications, read.Application)
	}
	for _, line := range c.AppointmentConnection.Nodes {
		read, err := api.Appointment(v.r.Context(), v.own(), line.Id)
		if err != nil {
			return nil, err
		}
		all.Appointments = append(all.Appointments, read.Appointment)
	}
	events, err := list(func(after *string) ([]api.CaseEvent, api.PageEnd, error) {
		read, err := api.CaseHistory(v.r.Context(), v.own(), after)
		if err != nil {
			return nil, api.PageEnd{}, err
		}
		if read.Viewer == nil || read.Viewer.Case == nil { // it has ended since
			return nil, api.PageEnd{}, errNoCase
		}
		page := read.Viewer.Case.EventConnection
		return page.Nodes, page.PageInfo, nil
	})
	all.Events = events
	return all, err
}
