package chaos

// Kind is what goes wrong.
type Kind string

// What goes wrong with an SCM.
const (
	TooMany     Kind = "429"
	Secondary   Kind = "403, secondary limit"
	ServerError Kind = "5xx"
	LostAnswer  Kind = "written, answer lost"
	SlowBody    Kind = "slow body"
	CutBody     Kind = "cut body"
	Refused     Kind = "connection refused"
)

// What goes wrong with a member's API server.
const (
	Hang        Kind = "hang"
	Reset       Kind = "connection reset"
	Restart     Kind = "restart"
	Gone        Kind = "410 Gone"
	Certificate Kind = "certificate rotation"
	Token       Kind = "token revoked"
)

// What goes wrong with the hub.
const (
	Kill      Kind = "SIGKILL"
	Stop      Kind = "SIGSTOP"
	LeaseLoss Kind = "lease loss"
	Etcd      Kind = "etcd restart"
)

// LateWrite is a write that takes effect longer after its answer was lost than anybody
// waits for. GitHub cannot be kept from making a second check run then, so it is injected
// a few times only, at statuses of its own, and counted apart.
const LateWrite Kind = "written 16 s after the answer was lost"

// Group is what faults are about. Those of different groups overlap, those of one target
// follow each other.
type Group string

// The groups.
const (
	SCM    Group = "SCM"
	Member Group = "member"
	Hub    Group = "hub"
)

// kindsOf are the kinds of faults of each group.
var kindsOf = map[Group][]Kind{
	SCM:    {TooMany, Secondary, ServerError, LostAnswer, SlowBody, CutBody, Refused},
	Member: {Hang, Reset, Restart, Gone, Certificate, Token},
	Hub:    {Kill, Stop, LeaseLoss, Etcd},
}

// groups is their order in reports.
var groups = []Group{SCM, Member, Hub}
