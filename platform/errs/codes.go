package errs

// Kinds lists every kind of failure.
func Kinds() []Kind {
	var all []Kind
	for k := Internal; k <= DeadlineExceeded; k++ {
		all = append(all, k)
	}
	return all
}

// CodesOf lists the codes that an [Error] of this kind can have, its own first.
func CodesOf(kind Kind) []Code {
	switch kind {
	case Unauthenticated:
		return []Code{CodeUnauthenticated, CodeTokenExpired}
	case Conflict:
		return []Code{CodeConflict, CodeIdempotencyKeyReused, CodeIdempotencyKeyInUse}
	default:
		return []Code{codeOf(kind)}
	}
}

// CheckCodes lists every code that a [Fault] of a server's own can have: of what
// it needs, and no request can mend.
func CheckCodes() []FaultCode {
	return []FaultCode{FaultUnavailable, FaultIncomplete, FaultTimeout, FaultStopping}
}

// FaultCodes lists every code that a [Fault] of a request can have.
func FaultCodes() []FaultCode {
	return []FaultCode{
		FaultRequired, FaultNullNotAllowed, FaultInvalidType, FaultInvalidFormat, FaultInvalidValue,
		FaultTooShort, FaultTooLong, FaultTooMany, FaultOutOfRange, FaultDuplicate,
		FaultUnknownField, FaultUnknownParam, FaultReadOnly, FaultNotFound, FaultConflict, FaultTaken, FaultArchived,
	}
}
