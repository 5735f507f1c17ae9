package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"

	"nelke/web/api"
	"nelke/web/view"
)

// pay asks how to pay.
func (v *visit) pay() error {
	d, err := v.draft()
	if err != nil || d == nil {
		return err
	}
	if next := nextStep(d); next != "/antrag/"+d.Application.Id+"/bezahlen" {
		return v.see(next)
	}
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
	toPay := nextStep(d) == "/antrag/"+d.Application.Id+"/bezahlen"
	if shown := v.r.PostForm.Get("betrag"); toPay && shown != strconv.Itoa(d.Application.Due.Cents) {
		due := v.frame("").Money(d.Application.Due)
		return refused(http.StatusConflict, view.Fault{Message: v.t("Der Preis hat sich geändert: Zu zahlen sind jetzt "+due+".", "The price has changed: now "+due+" is due.")})
	}
	done, err := api.StartPayment(v.r.Context(), v.own(), v.idempotencyKey(v.r.PostForm, "startPayment"), d.Application.Id, api.PaymentMethod(method),
		v.origin()+v.url("/antrag/"+d.Application.Id+"/bezahlung"))
	if err != nil {
		return err
	}
	if problems := done.StartPayment.Problems; len(problems) > 0 {
		if leadsOn(problems[0]) {
			return v.see("/antrag/" + d.Application.Id)
		}
		return refused(v.statusOf(problems[0]), view.Fault{Message: problems[0].GetMessage()})
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
		if p := d.Application.Payment; p == nil || p.Id != v.r.PostForm.Get("payment") { // another one has begun since
			return nil, nil
		}
		done, err := api.CancelPayment(ctx, v.own(), key, d.Application.Payment.Id)
		if err != nil {
			return nil, err
		}
		return done.CancelPayment.Problems, nil
	})
}
