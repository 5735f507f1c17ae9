package wire

import (
	"net/http"
	"strings"
)

// Authorization finds the token that a client sent: in the payload of connection_init as "authorization", or as that
// within "headers", in any case, since browsers can set no header on a WebSocket; or else in the Authorization header.
// "" if there is none.
//
// Errors: *CloseError with 4400 where a token is there that isn't read. Its owner would be nobody otherwise, and not
// know why.
func Authorization(payload map[string]any, header http.Header) (string, error) {
	found, err := authorizationIn(payload)
	if err != nil {
		return "", err
	}
	for name, value := range payload {
		if !strings.EqualFold(name, "headers") || value == nil {
			continue
		}
		headers, ok := value.(map[string]any)
		if !ok {
			return "", badInit("headers must be an object")
		}
		within, err := authorizationIn(headers)
		switch {
		case err != nil:
			return "", err
		case found != "" && within != "" && found != within:
			return "", badInit("two tokens")
		case within != "":
			found = within
		}
	}
	if found != "" {
		return found, nil
	}
	return header.Get("Authorization"), nil
}

// authorizationIn is the value of "authorization" in any case, and refuses what is called like a token otherwise.
func authorizationIn(object map[string]any) (found string, err error) {
	for name, value := range object {
		switch lower := strings.ToLower(name); {
		case value == nil:
		case lower == "authorization":
			text, ok := value.(string)
			if !ok {
				return "", badInit("authorization must be a string")
			}
			if found != "" && found != text {
				return "", badInit("two tokens")
			}
			found = text
		case strings.Contains(lower, "auth"), strings.Contains(lower, "token"), strings.Contains(lower, "bearer"), strings.Contains(lower, "jwt"),
			strings.HasSuffix(lower, "key"):
			return "", badInit("send the token as authorization")
		}
	}
	return found, nil
}

func badInit(reason string) *CloseError {
	return &CloseError{Code: closeBadRequest, Reason: "connection_init: " + reason}
}
