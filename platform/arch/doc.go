// Package arch holds no program: its tests are the walls of the house. Each
// rule is a function over the source tree that lists what breaks it, and each
// is also fed violations made for the purpose, so that a rule that no longer
// refuses anything does not go unnoticed.
//
// What was decided, and what follows from it, is in decisions.md.
package arch
