// Package response bounds and redacts the bodies of HTTP responses: those of SCMs and those of
// members' API servers. Neither may fill the hub's memory, and what they say of a request must
// not reveal its credential, since it reaches statuses, events and logs.
package response
