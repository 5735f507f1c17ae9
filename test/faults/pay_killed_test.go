package faults

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/internal/payment/gateway"
	"nelke/internal/testbed"
	"nelke/server"
	"nelke/test/suite"
)

// killed is a process and what it is killed at, a person, a provider, and the process that goes on.
type killed struct {
	*place
	t      *testing.T
	point  point
	on     setUp
	bank   *suite.Bank // nil: the demo's own provider
	person *suite.Client

	child   *child
	door    *suite.Process // where the child is reached, and whoever comes after it
	proxy   *proxy         // nil on SQLite
	reached chan struct{}  // closed at the point; the child goes no further
	spring  func()
	died    time.Time

	application, order string
	fee                int
	key                string // of what it is killed at
	answer             *suite.Answer
}

// play has a process killed, and the person go on or give up.
func (r *row) play(t *testing.T) *killed {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Log("in the row:", r)
		}
	}()
	k := newKilled(t, r.at, r.on)
	k.comes()
	k.dies()
	k.goesBy(r.then.away)
	k.person = k.person.At(k.door)
	r.then.goes(k)
	return k
}

func newKilled(t *testing.T, at point, on setUp) *killed {
	t.Helper()
	k := &killed{place: on.place(t), t: t, point: at, on: on, reached: make(chan struct{}), key: suite.Key()}
	k.spring = sync.OnceFunc(func() {
		close(k.reached)
		<-k.child.exited
	})
	if at.sandbox {
		k.PaymentSecret = "a secret that all processes of the demo share"
		if !on.taken { // it comes back where it was, as a service does, and is found there by its webhooks
			k.Addr = testbed.FreeAddr(t)
		}
	} else {
		k.bank = suite.NewBank(t)
		k.PaymentURL, k.PaymentSecret = k.bank.URL, k.bank.Secret
	}
	s := k.settings
	if k.DatabaseURL != "" {
		k.proxy = newProxy(t, k.databaseAddr(t))
		s = k.through(t, k.proxy.addr)
	} else if at.marker != "" && (at.job || !at.committed) {
		s.Dies = death{Marker: at.marker, After: at.committed}
	}
	k.child = startChild(t, s)
	k.door = k.child.Process
	return k
}

// comes brings an application of a person's to where the process is to be killed.
func (k *killed) comes() {
	k.t.Helper()
	k.person = k.child.Case()
	filing := k.child.Filing("meldebescheinigung")
	k.application = k.person.Reviewed(filing, filing.Accepted[0])
	k.fee = int(k.person.Application(k.application).Get("due.cents").Int())
	require.Positive(k.t, k.fee)
	if k.point.from == reviewed {
		return
	}
	started := k.person.Mutate("startPayment", suite.Vars{"application": k.application, "method": "CREDIT_CARD"}).OK("startPayment.payment")
	require.Equal(k.t, "PENDING", started.Get("status").String())
	k.order = started.Get("id").String()
	if k.point.from == paid {
		require.NoError(k.t, reportPaid(k))
	}
}

// dies has the child do what it is killed at, and kills it there.
func (k *killed) dies() {
	k.t.Helper()
	var heir *suite.Process
	mayTake := k.point.job && !k.point.sandbox // a job: then it comes when the child has that
	if k.on.taken && !mayTake {
		heir = k.next()
	}
	k.aim()
	asked := make(chan error, 1)
	go func() { asked <- k.point.do(k) }()
	select {
	case <-k.reached:
	case <-k.child.exited:
	case <-time.After(patience):
		require.Fail(k.t, "it never came to where it is to be killed")
	}
	if k.on.taken && mayTake {
		heir = k.next()
	}
	k.child.kill()
	err := <-asked
	require.Equal(k.t, k.point.job, err == nil, "%v", err)
	if k.bank != nil {
		k.bank.Misbehave(nil, nil)
	}
	k.door, k.died = heir, k.clock.Now()
	require.Equal(k.t, k.point.leaves, k.left())
}

// aim makes the point one that the child doesn't get past.
func (k *killed) aim() {
	at := k.point
	lethal := func(call string, _ suite.Deal) *suite.Reply {
		if call != at.call {
			return nil
		}
		k.spring()
		return &suite.Reply{} // nobody is there to read it
	}
	switch {
	case at.call != "" && at.effect:
		k.bank.Misbehave(nil, lethal)
	case at.call != "":
		k.bank.Misbehave(lethal, nil)
	case k.proxy != nil && at.committed:
		k.proxy.arm(at.marker, k.spring)
	case k.proxy != nil:
		k.proxy.armEarly(at.marker, k.spring)
	case at.committed && !at.job:
		// As near as can be had: its answer is the first that is seen of the commit, and nobody gets it.
		k.door = suite.Remote(k.t, "http://"+muzzle(k.t, k.child))
	}
}

// next starts the process that goes on.
func (k *killed) next() *suite.Process {
	k.t.Helper()
	return k.serve(k.t, func(c *server.Config) {
		c.PaymentURL, c.PaymentSecret = k.PaymentURL, k.PaymentSecret
		if k.Addr != "" {
			c.Addr = k.Addr
		}
	})
}

// left is what there is in the books, ours and the provider's.
func (k *killed) left() string {
	k.t.Helper()
	var order, payment, application string
	require.NoError(k.t, k.database().QueryRowContext(k.t.Context(), `SELECT p.id, p.status, a.status
		FROM payments p JOIN applications a ON a.id = p.application_id`).Scan(&order, &payment, &application))
	return payment + ", " + k.deals(k.t)[order].Status + ", " + application
}

// goesBy is the time until somebody starts a process again, where none has taken over.
func (k *killed) goesBy(d time.Duration) {
	k.t.Helper()
	k.clock.Set(k.clock.Now().Add(d))
	if !k.on.taken {
		k.door = k.next()
	}
}

// passes lets time go on, and waits until all that is due by then has been looked after.
func (k *killed) passes(d time.Duration) {
	k.t.Helper()
	k.clock.Set(k.clock.Now().Add(d))
	k.settles()
}

// settles waits until no job about payments is due any more.
func (k *killed) settles() {
	k.t.Helper()
	seconds, exact := `unixepoch(`, `, 'subsec')`
	if k.DatabaseURL != "" {
		seconds, exact = `extract(epoch FROM `, `)`
	}
	unix := func(at time.Time) float64 { return float64(at.UnixMicro()) / 1e6 }
	db := k.database()
	due := func() (n int) {
		// A job that died with its process is nobody's, until it counts as stuck.
		require.NoError(k.t, db.QueryRowContext(k.t.Context(), `SELECT count(*) FROM river_job WHERE kind LIKE 'settle%' AND (
			state IN ('available', 'scheduled', 'retryable') AND `+seconds+`scheduled_at`+exact+` <= $1
			OR state = 'running' AND `+seconds+`attempted_at`+exact+` > $2)`, unix(k.clock.Now()), unix(k.died)).Scan(&n))
		return n
	}
	for deadline := time.Now().Add(startPatience); due() > 0; <-time.After(50 * time.Millisecond) {
		require.True(k.t, time.Now().Before(deadline), "jobs that are due aren't done:\n%s", suite.Dump(k.t, db, "river_job"))
	}
}

// mutate asks for what the process is killed at, always under the same key.
func (k *killed) mutate(name string, input suite.Vars) (err error) {
	input["idempotencyKey"] = k.key
	k.answer, err = k.person.At(k.door).TryMutate(name, input)
	if err == nil && (k.answer.Get("errors").Exists() || k.answer.Problem() != "") {
		return errors.New(k.answer.Raw)
	}
	return err
}

// report is a webhook of the bank's.
func (k *killed) report(d suite.Deal) error {
	body, err := json.Marshal(d)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, k.door.URL+"/payments/webhook", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = gateway.KeysOf(k.bank.Secret).Sign(k.clock.Now(), body)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		return errors.New(answer.Status)
	}
	return nil
}

// page is where the demo's provider is paid.
func (k *killed) page() string {
	shown := k.person.Payment(k.order).Get("redirectUrl").String()
	return strings.Replace(shown, "http://nelke.test", k.door.URL, 1)
}

// database is opened beside whoever serves it.
func (k *killed) database() *sql.DB { return suite.OpenDatabase(k.t, k.config(nil)) }
