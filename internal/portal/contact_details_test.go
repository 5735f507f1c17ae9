package portal

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPhoneNumbersAreTakenAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for typed, number := range map[string]string{
		"+4952355040": "+4952355040", "05235 5040": "+4952355040", "+49 5235 5040": "+4952355040", "0049 5235 5040": "+4952355040",
		"(05235) 5040": "+4952355040", "05235/5040": "+4952355040", "05235-504-0": "+4952355040", "+49 (0) 5235 5040": "+4952355040",
		"0049(0)5235 5040": "+4952355040", "05235\u00a05040": "+4952355040", "0171 – 123.45.67": "+491711234567", "+43 1 58858": "+43158858",
		"+４９５２３５５０４": "+495235504", "٠٥٢٣٥ ٥٠٤٠": "+4952355040", "+۴۹ (۰) ۵۲۳۵ ۵۰۴۰": "+4952355040",
	} {
		got, ok := cleanPhone(typed)
		require.True(t, ok, typed)
		require.Equal(t, number, got, typed)
	}
	for _, typed := range []string{"5040", "+0523", "phone", "+49 5235 504 x 12", "+49523550400000000", "05235\x00504", "+४९५२", "五二三五五〇四〇", "0", "00", "(0)", "+"} {
		_, ok := cleanPhone(typed)
		require.False(t, ok, typed)
	}
}
