package tap

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// bind puts a Bind message together: unnamed portal, one binary parameter and NULL, results in binary.
func bind(name string, value []byte) []byte {
	b := append([]byte{0}, name...)
	b = append(b, 0)
	b = binary.BigEndian.AppendUint16(b, 1)
	b = binary.BigEndian.AppendUint16(b, 1)
	b = binary.BigEndian.AppendUint16(b, 2)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	b = append(b, value...)
	b = binary.BigEndian.AppendUint32(b, 0xffffffff)
	b = binary.BigEndian.AppendUint16(b, 1)
	return binary.BigEndian.AppendUint16(b, 1)
}

func TestListenerHearsWhatIsExecutedAndWithWhat(t *testing.T) {
	t.Parallel()
	l := listener{conn: 7, texts: map[string]string{}, portals: map[string]Statement{}}
	_, executed := l.hear('P', []byte("s1\x00SELECT $1\x00\x00\x00"))
	require.False(t, executed)
	_, executed = l.hear('B', bind("s1", []byte{1, 2}))
	require.False(t, executed)
	for range 2 {
		s, executed := l.hear('E', []byte("\x00\x00\x00\x00\x00"))
		require.True(t, executed)
		require.Equal(t, Statement{
			Conn: 7, SQL: "SELECT $1", Params: [][]byte{{1, 2}, nil}, Formats: []int16{1}, Results: []int16{1},
		}, s)
	}
	s, executed := l.hear('Q', []byte("begin\x00"))
	require.True(t, executed)
	require.Equal(t, Statement{Conn: 7, SQL: "begin", Simple: true}, s)
	_, executed = l.hear('S', nil)
	require.False(t, executed)
}

func TestListenerForgetsAMessageThatIsCutOff(t *testing.T) {
	t.Parallel()
	l := listener{texts: map[string]string{"s1": "SELECT"}, portals: map[string]Statement{}}
	whole := bind("s1", []byte{1, 2})
	for n := range len(whole) {
		l.hear('B', whole[:n])
		require.Empty(t, l.portals, "%d bytes", n)
	}
}
