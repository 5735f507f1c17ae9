package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"nelke/web/api"
	"nelke/web/form"
	"nelke/web/view"
)

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
	if p := d.Application.Payment; p != nil && (p.Status == api.PaymentStatus_CREATED || p.Status == api.PaymentStatus_PENDING || p.Status == api.PaymentStatus_PAID) {
		return v.see("/antrag/" + d.Application.Id + "/bezahlung") // what is paid for doesn't change
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
	if code := problems[0].GetCode(); code != api.ProblemCode_ANSWERS_INVALID {
		fault := view.Fault{Message: problems[0].GetMessage()}
		if code != api.ProblemCode_STALE_REVISION && leadsOn(problems[0]) {
			fault.Link = v.url("/antrag/" + d.Application.Id) // the step that is open
		}
		return v.showSection(v.statusOf(problems[0]), d, page, []view.Fault{fault})
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
