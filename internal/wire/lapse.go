package wire

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
)

// ErrTryLater is what a Check returns when it couldn't find out.
var ErrTryLater = errors.New("try again later")

// codeLapsed is the code of the error with which a stream ends that outlived its token.
const codeLapsed = "UNAUTHENTICATED"

// Lapse waits until what entitles to a stream is over, and returns why. It returns nil when the context ends first, or at
// once where nothing can end before the stream does.
type Lapse func(ctx context.Context) error

// watch returns a context that ends with the entitlement, and a function to call at the stream's end, which reports
// whether that was the cause. A nil Lapse never is.
func (l Lapse) watch(ctx context.Context) (_ context.Context, end func() (lapsed bool)) {
	ctx, cancel := context.WithCancel(ctx)
	var (
		lapsed  atomic.Bool
		running sync.WaitGroup
	)
	if l != nil {
		running.Go(func() {
			if l(ctx) != nil {
				lapsed.Store(true)
				cancel()
			}
		})
	}
	return ctx, func() bool {
		cancel()
		running.Wait()
		return lapsed.Load()
	}
}
