package identity

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// claims are those of a verified token.
type claims struct {
	subject, name              string
	expires, notBefore, issued time.Time
	all                        map[string]any
}

// UnmarshalJSON reads the claims that matter, and keeps all of them for the roles, wherever those are.
func (c *claims) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &c.all); err != nil {
		return err
	}
	c.subject, _ = c.all["sub"].(string)
	if c.name, _ = c.all["name"].(string); c.name == "" {
		c.name, _ = c.all["preferred_username"].(string)
	}
	var err [3]error
	c.expires, err[0] = numericDate(c.all["exp"])
	c.notBefore, err[1] = numericDate(c.all["nbf"])
	c.issued, err[2] = numericDate(c.all["iat"])
	return errors.Join(err[:]...)
}

// numericDate reads a number of seconds since 1970 (RFC 7519, section 2); the zero time where there is none.
func numericDate(claim any) (time.Time, error) {
	switch seconds := claim.(type) {
	case nil:
		return time.Time{}, nil
	case float64:
		if math.Abs(seconds) < 1<<40 { // beyond, time arithmetic would wrap around
			return time.Unix(int64(seconds), 0).UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%v is not a time", claim)
}

// validAt checks the times. A token without an end is refused.
func (c *claims) validAt(now time.Time, leeway time.Duration) error {
	switch {
	case c.subject == "":
		return errors.New("no subject")
	case c.expires.IsZero() || !now.Before(c.expires.Add(leeway)):
		return fmt.Errorf("expired at %s", c.expires)
	case now.Add(leeway).Before(c.notBefore):
		return fmt.Errorf("not valid before %s", c.notBefore)
	case now.Add(leeway).Before(c.issued):
		return fmt.Errorf("issued at %s, which is yet to come", c.issued)
	}
	return nil
}

// parseRoles reads the list of "ROLE@ARS" at the path. Entries of another form belong to somebody else; they are
// left out and counted.
func parseRoles(all map[string]any, path string) (roles map[string][]Role, ignored int) {
	var entries []any
	switch claim := lookup(all, path).(type) {
	case []any:
		entries = claim
	case string:
		entries = []any{claim}
	}
	roles = map[string][]Role{}
	for _, entry := range entries {
		text, _ := entry.(string)
		role, ars, err := parseRole(text)
		if err != nil {
			ignored++
			continue
		}
		if !slices.Contains(roles[ars], role) {
			roles[ars] = append(roles[ars], role)
		}
	}
	return roles, ignored
}

// lookup finds a claim by its whole name, which may contain dots itself (a URL does), or else by a dotted path.
func lookup(all map[string]any, path string) any {
	if claim, ok := all[path]; ok {
		return claim
	}
	head, rest, nested := strings.Cut(path, ".")
	if object, ok := all[head].(map[string]any); ok && nested {
		return lookup(object, rest)
	}
	return nil
}

// parseRole reads "ROLE@ARS", with an ARS of twelve digits.
func parseRole(entry string) (Role, string, error) {
	name, ars, _ := strings.Cut(entry, "@")
	for role := Clerk; role <= Admin; role++ {
		if name == role.String() && validARS(ars) {
			return role, ars, nil
		}
	}
	return 0, "", fmt.Errorf("%q is not ROLE@ARS", entry)
}

func validARS(ars string) bool {
	return len(ars) == 12 && strings.Trim(ars, "0123456789") == ""
}
