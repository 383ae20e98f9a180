//go:build !race

package rest

const slack = 1
