package wire

import "net/http"

// Room bounds what streams, or what is on its way, take in memory. 0 is no bound.
type Room struct {
	// Streams and Bytes are for all together.
	Streams int
	Bytes   int64
	// PlaceStreams and PlaceBytes are for those of one Place.
	PlaceStreams int
	PlaceBytes   int64
}

// Place is a network that requests come from. It has Times the room of a Place.
type Place struct {
	Name  string
	Times int
}

// Places says where a request comes from; nowhere where there is no bound for it.
type Places func(*http.Request) []Place

func (p Places) of(r *http.Request) []Place {
	if p == nil {
		return nil
	}
	return p(r)
}

// taken is what is taken for a place.
type taken struct {
	streams int
	bytes   int64
}

// account is a room and what is taken of it. Whoever has one guards it.
type account struct {
	room   Room
	bytes  int64
	places map[string]*taken // by the name of a Place
}

func newAccount(room Room) account { return account{room: room, places: map[string]*taken{}} }

// fits reports whether so many bytes more have room.
func (a *account) fits(places []Place, bytes int64) bool {
	if a.room.Bytes > 0 && a.bytes+bytes > a.room.Bytes {
		return false
	}
	if a.room.PlaceBytes == 0 {
		return true
	}
	for _, place := range places {
		if t := a.places[place.Name]; t != nil && t.bytes+bytes > a.room.PlaceBytes*int64(place.Times) || bytes > a.room.PlaceBytes*int64(place.Times) {
			return false
		}
	}
	return true
}

// add adds to what is taken.
func (a *account) add(places []Place, streams int, bytes int64) {
	a.bytes += bytes
	for _, place := range places {
		t := a.places[place.Name]
		if t == nil {
			t = &taken{}
			a.places[place.Name] = t
		}
		t.streams += streams
		t.bytes += bytes
		if t.streams == 0 && t.bytes == 0 {
			delete(a.places, place.Name)
		}
	}
}
