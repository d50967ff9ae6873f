package chaos

import (
	"math/rand/v2"
	"time"
)

// Fault is one thing to go wrong.
type Fault struct {
	Kind   Kind
	Target string
	// Length is how long it lasts, where it does not end by itself.
	Length time.Duration
	// Rest is how long its target is left alone after it.
	Rest time.Duration
	// Variant chooses among the forms of a kind.
	Variant int
	// Leader says that it is to meet the replica that leads, rather than the other.
	Leader bool
}

// Target is what faults of a group come to, one after the other.
type Target struct {
	Name string
	// Share is how many of the group's faults it has, compared with the others.
	Share int
	// Limits says that it knows a secondary limit, as GitHub alone does.
	Limits bool
}

// Stream is what goes wrong with one target, one after the other.
type Stream struct {
	Group  Group
	Target string
	Faults []Fault
}

const (
	// hubShare is which share of all faults each kind of the hub's, and of members', has:
	// 50 of 1100.
	hubShare = 22
	// leaderShare is how many of ten faults of the hub are to meet the leader.
	leaderShare = 8
	// quietEvery is after how many faults of the hub the other groups have it for
	// themselves, and longQuietEvery after how many they have it for long. New statuses
	// are made then, for which the hub waits 20 s after a take-over, and limits by the
	// minute leave something: it counts as spent what its predecessor may have sent.
	quietEvery, quiet         = 10, 25 * time.Second
	longQuietEvery, longQuiet = 40, 90 * time.Second
	// firstQuiet is after which fault it is quiet first.
	firstQuiet = 4
	// calm is the part of the faults at the end among which there is no secondary limit,
	// in percent: what it cuts comes back within minutes only.
	calm = 25
	// forms is how many variants are told apart.
	forms = 60
)

// Plan chooses n faults for SCMs, at least one of which knows a secondary limit, for members
// and for the hub: as many of each kind of the hub's and of members', and as many secondary
// limits; the rest are the SCMs' others. All is chosen by the seed. There are at least 22.
func Plan(seed uint64, n int, scms, members []Target) []Stream {
	each := max(1, n/hubShare)
	random := rand.New(rand.NewPCG(seed, 1))
	left := max(len(kindsOf[SCM]), n-each*(len(kindsOf[Hub])+len(kindsOf[Member])))
	var streams []Stream
	streams = append(streams, deal(random, SCM, scms, soon(random, shuffled(random, SCM, left, each)))...)
	streams = append(streams, deal(random, Member, members, shuffled(random, Member, each*len(kindsOf[Member]), each))...)
	hub := []Target{{Name: "hub", Share: 1}}
	return append(streams, deal(random, Hub, hub, shuffled(random, Hub, each*len(kindsOf[Hub]), each))...)
}

// deal chooses the faults of one group for its targets, which take turns.
func deal(random *rand.Rand, group Group, targets []Target, kinds []Kind) []Stream {
	var streams []Stream
	var turns, limiting []int
	for i, target := range targets {
		streams = append(streams, Stream{Group: group, Target: target.Name})
		for range target.Share {
			turns = append(turns, i)
		}
		if target.Limits {
			limiting = append(limiting, i)
		}
	}
	random.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
	limits := 0
	for i, kind := range kinds {
		s := &streams[turns[i%len(turns)]]
		if kind == Secondary {
			// Each in its turn: it takes minutes to recover.
			s = &streams[limiting[limits%len(limiting)]]
			limits++
		}
		f := Fault{Kind: kind, Target: s.Target, Variant: random.IntN(forms), Leader: random.IntN(10) < leaderShare}
		f.Length, f.Rest = lengths(random, group, kind)
		switch {
		case group != Hub:
		case i%longQuietEvery == longQuietEvery-1:
			f.Rest = longQuiet
		case i%quietEvery == firstQuiet:
			f.Rest = quiet
		}
		s.Faults = append(s.Faults, f)
	}
	return streams
}

// shuffled are n kinds of a group in some order: so many secondary limits, and of the
// others as many of each.
func shuffled(random *rand.Rand, group Group, n, secondary int) []Kind {
	var kinds, others []Kind
	for _, kind := range kindsOf[group] {
		if kind != Secondary {
			others = append(others, kind)
			continue
		}
		for range secondary {
			kinds = append(kinds, Secondary)
		}
	}
	for i := 0; len(kinds) < n; i++ {
		kinds = append(kinds, others[i%len(others)])
	}
	random.Shuffle(n, func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
	return kinds
}

// soon has no secondary limit come in the calm at the end.
func soon(random *rand.Rand, kinds []Kind) []Kind {
	before := len(kinds) - len(kinds)*calm/100
	for i := before; i < len(kinds); i++ {
		for j := 0; kinds[i] == Secondary && j < len(kinds); j++ {
			if other := random.IntN(before); kinds[other] != Secondary {
				kinds[i], kinds[other] = kinds[other], kinds[i]
			}
		}
	}
	return kinds
}

// lengths are how long a fault lasts, and the rest after it.
func lengths(random *rand.Rand, group Group, kind Kind) (length, rest time.Duration) {
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)))
	}
	switch {
	case kind == Stop:
		// The lease is 7 s.
		length = between(8500*time.Millisecond, 10*time.Second)
	case kind == LeaseLoss:
		// The renew deadline is 5 s.
		length = between(6*time.Second, 8*time.Second)
	case kind == SlowBody:
		length = between(time.Second, 4*time.Second)
	case kind == TooMany, kind == Secondary:
		// More than the grace.
		length = between(2*time.Second, 4*time.Second)
	case group == SCM:
		length = between(500*time.Millisecond, 2*time.Second)
	default:
		length = between(time.Second, 5*time.Second)
	}
	if group == Member {
		// Members take turns within the time that the hub's faults take.
		return length, between(5*time.Second, 25*time.Second)
	}
	if group == SCM {
		return length, between(time.Second, 8*time.Second)
	}
	return length, between(200*time.Millisecond, 2*time.Second)
}
