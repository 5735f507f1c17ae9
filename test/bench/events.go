package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http/httputil"
	"strings"
	"time"
)

// eventStream is one stream of server-sent events, as lean as a socket.
type eventStream struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

// openEvents connects from an address of this machine, and sends a request that is answered by server-sent events.
func openEvents(ctx context.Context, from, addr, request string) (_ *eventStream, err error) {
	conn, err := dialFrom(ctx, from, addr)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	if _, err := conn.Write([]byte(request)); err != nil {
		return nil, err
	}
	head := bufio.NewReaderSize(conn, 2<<10)
	chunked := false
	for first := true; ; first = false {
		line, err := head.ReadString('\n')
		if err != nil {
			return nil, err
		}
		if first && !strings.HasPrefix(line, "HTTP/1.1 200 ") {
			text := make([]byte, 500)
			n, _ := head.Read(text) // it is for the error's text
			return nil, fmt.Errorf("no event stream: %s %s", line, text[:n])
		}
		chunked = chunked || strings.EqualFold(line, "Transfer-Encoding: chunked\r\n")
		if line == "\r\n" {
			break
		}
	}
	if !chunked {
		return nil, fmt.Errorf("an event stream that isn't chunked")
	}
	return &eventStream{conn: conn, in: bufio.NewReaderSize(httputil.NewChunkedReader(head), 2<<10)}, conn.SetDeadline(time.Time{})
}

// next returns the lines of the next event, until the call after it only. Comments are no events.
func (s *eventStream) next() ([]byte, error) {
	s.buf = s.buf[:0]
	for begun := 0; ; {
		piece, err := s.in.ReadSlice('\n')
		s.buf = append(s.buf, piece...)
		if err == bufio.ErrBufferFull { //nolint:errorlint // as it is documented
			continue
		}
		if err != nil {
			return nil, err
		}
		switch line := s.buf[begun:]; {
		case bytes.HasPrefix(line, []byte(":")):
			s.buf = s.buf[:begun]
		case len(line) > 1:
			begun = len(s.buf)
		case begun > 0:
			return s.buf[:begun], nil
		default: // the line that ends a comment
			s.buf = s.buf[:0]
		}
	}
}

func (s *eventStream) close() { _ = s.conn.Close() }
