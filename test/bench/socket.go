package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// socket is one WebSocket that speaks graphql-transport-ws, as lean as a caller: a thousand of them share the machine
// with the server.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
}

// The opcodes of RFC 6455, section 5.2.
const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// openSocket connects and subscribes.
func openSocket(ctx context.Context, addr string, subscribe []byte) (_ *socket, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = conn.Close()
		}
	}()
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 2<<10)}
	if err := s.greet(addr); err != nil {
		return nil, err
	}
	if err := s.write(opText, subscribe); err != nil {
		return nil, err
	}
	return s, conn.SetDeadline(time.Time{})
}

// greet makes a WebSocket of the connection and introduces itself. It leaves a deadline behind.
func (s *socket) greet(addr string) error {
	if err := s.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	// The key is RFC 6455's own example: it proves nothing to us.
	if _, err := fmt.Fprintf(s.conn, "GET /graphql HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n", addr); err != nil {
		return err
	}
	for first := true; ; first = false {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(line, "HTTP/1.1 101 ") {
			return fmt.Errorf("no WebSocket: %s", line)
		}
		if line == "\r\n" {
			break
		}
	}
	if err := s.write(opText, []byte(`{"type":"connection_init"}`)); err != nil {
		return err
	}
	if ack, err := s.read(); err != nil || !bytes.HasPrefix(ack, []byte(`{"type":"connection_ack"`)) {
		return errors.Join(err, fmt.Errorf("no connection_ack: %s", ack))
	}
	return nil
}

func (s *socket) close() { _ = s.conn.Close() }

// next returns the next message that is no ping, until the call after it only.
func (s *socket) next() ([]byte, error) {
	for {
		m, err := s.read()
		if err != nil {
			return nil, err
		}
		switch {
		case bytes.Equal(m, []byte(`{"type":"ping"}`)):
			err = s.write(opText, []byte(`{"type":"pong"}`))
		case bytes.HasPrefix(m, []byte(`{"type":"next"`)):
			return m, nil
		default:
			err = fmt.Errorf("unexpected message: %.200s", m)
		}
		if err != nil {
			return nil, err
		}
	}
}

// read reads one text message. The server sends each in one frame.
func (s *socket) read() ([]byte, error) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(s.in, head[:]); err != nil {
			return nil, err
		}
		size := uint64(head[1] & 0x7f)
		if size >= 126 {
			var long [8]byte
			n := 2
			if size == 127 {
				n = 8
			}
			if _, err := io.ReadFull(s.in, long[8-n:]); err != nil {
				return nil, err
			}
			size = binary.BigEndian.Uint64(long[:])
		}
		if size > 1<<22 {
			return nil, fmt.Errorf("a message of %d bytes", size)
		}
		if uint64(cap(s.buf)) < size {
			s.buf = make([]byte, size)
		}
		s.buf = s.buf[:size]
		if _, err := io.ReadFull(s.in, s.buf); err != nil {
			return nil, err
		}
		switch head[0] {
		case 0x80 | opText:
			return s.buf, nil
		case 0x80 | opPing:
			if err := s.write(opPong, s.buf); err != nil {
				return nil, err
			}
		case 0x80 | opClose:
			return nil, fmt.Errorf("closed: %q", s.buf)
		default:
			return nil, fmt.Errorf("unexpected frame %#x", head[0])
		}
	}
}

// write sends a frame, masked by zeros, which leave the payload as it is.
func (s *socket) write(opcode byte, payload []byte) error {
	b := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		return fmt.Errorf("a frame of %d bytes", n)
	}
	_, err := s.conn.Write(append(append(b, 0, 0, 0, 0), payload...))
	return err
}
