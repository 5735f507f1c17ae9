package portal

import "nelke/ent/application"

// applicationMove is a way from one state of a thing to another: by which action, as its event names it, and who can take it.
type applicationMove struct {
	from, to string // from is empty where the thing begins
	action   string
	by       mover
}

// mover is who takes a move.
type mover string

// A supervisor is staff; the service moves by itself when its time has come.
const (
	byPerson  mover = "PERSON"
	byStaff   mover = "STAFF"
	byService mover = "SERVICE"
)

// The states of an application, as moves name them.
const (
	draft      = string(application.StatusDRAFT)
	submitted  = string(application.StatusSUBMITTED)
	inProgress = string(application.StatusIN_PROGRESS)
	waiting    = string(application.StatusWAITING_FOR_APPLICANT)
	completed  = string(application.StatusCOMPLETED)
	rejected   = string(application.StatusREJECTED)
	withdrawn  = string(application.StatusWITHDRAWN)
)

// applicationMoves are all ways between the states of an application. What isn't here can't happen.
var applicationMoves = []applicationMove{ //nolint:gochecknoglobals // a table, never written
	{"", draft, "application.started", byPerson},
	{draft, submitted, "application.submitted", byPerson},
	{draft, string(application.StatusEXPIRED), "application.expired", byService},
	{submitted, inProgress, "application.claimed", byStaff},
	{inProgress, submitted, "application.released", byStaff},
	{inProgress, waiting, "application.question_asked", byStaff},
	{waiting, inProgress, "application.question_answered", byPerson},
	{waiting, inProgress, "application.answer_recorded", byStaff},
	{waiting, inProgress, "application.question_withdrawn", byStaff},
	{inProgress, completed, "application.completed", byStaff},
	{inProgress, rejected, "application.rejected", byStaff},
	{completed, inProgress, "application.reopened", byStaff},
	{rejected, inProgress, "application.reopened", byStaff},
	{draft, withdrawn, "application.withdrawn", byPerson},
	{submitted, withdrawn, "application.withdrawn", byPerson},
	{inProgress, withdrawn, "application.withdrawn", byPerson},
	{waiting, withdrawn, "application.withdrawn", byPerson},
}
