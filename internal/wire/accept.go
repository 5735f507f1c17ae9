package wire

import (
	"cmp"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The media types of answers.
const (
	mediaJSON        = "application/json"
	mediaGraphQL     = "application/graphql-response+json"
	mediaEventStream = "text/event-stream"
)

// Media is the media type of an answer in JSON that a client likes best: application/json, also where it takes no JSON at all, or
// application/graphql-response+json.
func Media(header http.Header) string {
	return cmp.Or(negotiate(header, mediaJSON, mediaGraphQL), mediaJSON)
}

// negotiate picks the media type that the client likes best (RFC 9110, section 12.5.1), the one it named first among
// equals, and the one offered first where it named none. It returns "" when the client takes none of them.
func negotiate(header http.Header, offers ...string) string {
	accept := strings.Join(header.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return offers[0]
	}
	ranges := strings.Split(accept, ",")
	best, bestQuality, bestPosition := "", 0.0, len(ranges)
	for _, offer := range offers {
		quality, position := prefer(ranges, offer)
		if quality > bestQuality || quality == bestQuality && quality > 0 && position < bestPosition {
			best, bestQuality, bestPosition = offer, quality, position
		}
	}
	return best
}

// prefer finds the quality that the most specific matching range gives the offer, and that range's position.
func prefer(ranges []string, offer string) (quality float64, position int) {
	specificity := 0
	kind, _, _ := strings.Cut(offer, "/")
	for i, text := range ranges {
		media, parameters, err := mime.ParseMediaType(text)
		if err != nil {
			continue
		}
		matched := 0
		switch media {
		case offer:
			matched = 3
		case kind + "/*":
			matched = 2
		case "*/*":
			matched = 1
		}
		if matched <= specificity {
			continue
		}
		specificity, quality, position = matched, 1, i
		if q, ok := parameters["q"]; ok {
			if quality, err = strconv.ParseFloat(q, 64); err != nil || quality < 0 || quality > 1 {
				quality = 0
			}
		}
	}
	return quality, position
}
