package main

import "go.uber.org/zap/zapcore"

// bodies is the level from which on client-go logs what it sends and is answered, whole:
// Secrets too.
const bodies = 8

// quiet is a level that leaves out what would tell secrets.
type quiet struct{ zapcore.LevelEnabler }

// Enabled reports whether entries of a level are logged. Logr's levels are zap's below zero.
func (q quiet) Enabled(level zapcore.Level) bool {
	return level > -bodies && q.LevelEnabler.Enabled(level)
}
