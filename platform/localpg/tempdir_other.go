//go:build !linux

package localpg

func memoryDir() string { return "" }
