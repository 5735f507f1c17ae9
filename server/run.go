package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Run is the service, from the first look at the database to its last word. It returns when ctx has ended and everything is
// closed: what was accepted has been answered, streams have been closed so that clients go elsewhere, jobs have finished. It returns
// an error if it couldn't begin, or couldn't end in time.
//
// Errors: *ConfigError.
func Run(ctx context.Context, cfg Config) (err error) {
	p, err := openParts(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	release, err := p.store.Serve()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	if err := p.migrate(ctx); err != nil {
		return err
	}
	if err := p.checkOrigin(ctx); err != nil {
		return err
	}
	if err := p.settle(ctx); err != nil {
		return err
	}
	s, err := listen(ctx, p)
	if err != nil {
		return err
	}
	if err := p.jobs.Start(ctx, p.portal); err != nil {
		return errors.Join(err, s.stop())
	}
	s.serve()
	p.payments.start(ctx)
	defer p.followClock()()
	defer p.compareClocks(ctx)()
	defer p.writeVisits(ctx)()
	p.log.InfoContext(ctx, "ready", "addr", s.addr, "database", cfg.database(), "redis", cfg.RedisURL != "", "demo", cfg.Demo, "version", cfg.version())
	if cfg.Demo && cfg.Options.Welcome != nil {
		if err := welcome(ctx, cfg.Options.Welcome, p, s.addr); err != nil {
			return errors.Join(err, s.stop())
		}
	}
	if cfg.Options.Ready != nil {
		cfg.Options.Ready(s.addr)
	}
	select {
	case <-ctx.Done():
		p.log.InfoContext(ctx, "stopping")
	case err = <-s.failed:
		err = fmt.Errorf("serve %s: %w", s.addr, err)
	}
	err = errors.Join(err, s.stop())
	p.log.InfoContext(ctx, "stopped", "orderly", err == nil)
	return err
}

// followClock makes everybody look again when a test moves the clock. It returns what ends it.
func (p *parts) followClock() (end func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-p.cfg.Options.ClockMoved:
				p.hub.Touch()
				p.payments.wake()
			}
		}
	})
	return func() {
		close(done)
		running.Wait()
	}
}

// serving is a service that listens.
type serving struct {
	parts   *parts
	web     *web
	addr    string
	servers []*http.Server
	accept  []net.Listener
	cut     context.CancelFunc // ends whatever is still being answered
	running sync.WaitGroup
	failed  chan error
}

func listen(ctx context.Context, p *parts) (_ *serving, err error) {
	ctx, cut := context.WithCancel(context.WithoutCancel(ctx)) // a request outlives the signal to stop
	s := &serving{parts: p, cut: cut, failed: make(chan error, 2)}
	defer func() {
		if err != nil {
			cut()
			for _, l := range s.accept {
				err = errors.Join(err, l.Close())
			}
		}
	}()
	if err := s.open(ctx, p.cfg.Addr); err != nil {
		return nil, err
	}
	s.addr = s.accept[0].Addr().String()
	p.takePayments(s.addr)
	if p.cfg.MetricsAddr != "" {
		if err := s.open(ctx, p.cfg.MetricsAddr); err != nil {
			return nil, err
		}
	}
	if s.web, err = newWeb(p, s.addr); err != nil {
		return nil, err
	}
	s.servers[0].Handler = s.web.handler
	if p.cfg.MetricsAddr != "" {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", s.web.metrics.handler())
		s.servers[1].Handler = mux
	}
	return s, nil
}

func (s *serving) open(ctx context.Context, addr string) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	s.accept = append(s.accept, l)
	s.servers = append(s.servers, &http.Server{
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second, // streams lift it for themselves
		WriteTimeout:      30 * time.Second, // the same
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(s.parts.log.Handler(), slog.LevelWarn),
	})
	return nil
}

func (s *serving) serve() {
	for i, server := range s.servers {
		s.running.Go(func() {
			if err := server.Serve(s.accept[i]); !errors.Is(err, http.ErrServerClosed) {
				s.failed <- err
			}
		})
	}
}

// stop ends the service in order. First it is only unready, so that those who send requests here stop doing so; then
// nothing new is accepted, streams are ended, and what was accepted is answered; then running jobs finish. Whoever
// doesn't come to an end in time is cut off: there is a limit to how long whoever asked us to stop waits.
func (s *serving) stop() error {
	begun := time.Now()
	limit := s.parts.cfg.StopTimeout
	s.web.stopping.Store(true)
	time.Sleep(s.parts.cfg.StopDelay) //nolint:forbidigo // nobody signals that they have stopped sending requests here
	if s.web.site != nil {
		s.web.site.Stop()
	}
	s.web.streams.Stop()

	drain, cancel := context.WithDeadline(context.Background(), begun.Add(limit*6/10))
	defer cancel()
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Shutdown(drain))
	}
	errs = append(errs, s.web.streams.Wait(drain))
	s.cut()
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	for _, l := range s.accept {
		_ = l.Close() // closed already if it was served
	}
	s.running.Wait()
	s.web.graph.Wait()
	s.web.verifier.Wait()
	s.web.issuers.CloseIdleConnections()

	finish, cancel := context.WithDeadline(context.Background(), begun.Add(limit*7/10))
	defer cancel()
	errs = append(errs, s.parts.jobs.Stop(finish))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop after %s: %w", time.Since(begun).Round(time.Millisecond), err)
	}
	return nil
}
