package apply_test

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"nelke/server"
	"nelke/test/suite"
)

// silent is the address of a provider that takes connections and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
	return "http://" + listener.Addr().String()
}

func TestAProviderThatSaysNothingHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	suite.Each(t, func(t *testing.T, b *suite.Backend) {
		w := newWorld(t, b, func(c *server.Config) {
			c.PaymentURL, c.PaymentSecret = silent(t), "a secret that the provider keeps to itself"
		})
		place := w.Place()
		var begun sync.WaitGroup
		for n := range 10 {
			c := []*suite.Client{w.person, w.other}[n%2]
			id := c.Reviewed(w.paid, w.paid.Accepted[0])
			begun.Go(func() {
				a, err := c.TryMutate("startPayment", suite.Vars{"application": id, "method": "CREDIT_CARD"})
				if err == nil {
					a.OK("startPayment.payment.id")
				}
			})
		}
		begun.Wait()

		asked := time.Now()
		late := w.person.Reviewed(w.paid, w.paid.Accepted[0])
		require.Equal(t, "CREATED", w.person.Mutate("startPayment", suite.Vars{"application": late, "method": "CREDIT_CARD"}).OK("startPayment.payment.status").String())
		require.Less(t, time.Since(asked), 4*time.Second, "nobody waits for it any more")

		held := w.person.Hold(place, w.person.Starts(place, 30)[5], suite.Key()).OK("holdSlot.appointment.id").String()
		w.Clock.Advance(time.Hour) // each of the payments is looked at, and the hold is over
		due := time.Now()
		appointment := w.other.Booked(place, w.other.Starts(place, 30)[9]).Get("id").String()
		done := func(query string, args ...any) func() bool {
			return func() (yes bool) {
				require.NoError(t, w.database.QueryRow(query, args...).Scan(&yes))
				return yes
			}
		}
		require.Eventually(t, done(`SELECT count(*) > 0 FROM notices WHERE subject = $1`, appointment), 15*time.Second, 10*time.Millisecond)
		notice := time.Since(due)
		require.Eventually(t, done(`SELECT status = 'EXPIRED' FROM appointments WHERE id = $1`, held), 15*time.Second, 10*time.Millisecond)
		t.Log("a notice after", notice, "the end of a hold after", time.Since(due))
	})
}
