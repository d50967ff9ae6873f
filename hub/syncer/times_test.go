package syncer_test

import "time"

// What the hub promises in times and numbers, as its documentation has it.
const (
	abandonmentTTL = time.Hour
	askedEvery     = time.Minute
	awaitTold      = 30 * time.Second
	changedFor     = 10 * time.Second
	firstRetry     = time.Second
	maxRestores    = 3
	moveCheck      = 5 * time.Second
	movedFor       = time.Hour
	oldestChecked  = 14 * 24 * time.Hour
	provenFor      = time.Hour
	releaseDelay   = 15 * time.Second
	settleTime     = 15 * time.Second
	soonestConfirm = time.Second
	takeOverWindow = time.Minute
	unsyncedCheck  = 10 * time.Second
)
