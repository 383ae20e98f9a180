//go:build !race

package postgres

const slack = 1
