package errs

import (
	"errors"
	"fmt"
)

// FaultCode is the machine-readable name of what is wrong with one field.
type FaultCode string

// The fault codes. They are part of the API, like [Code].
const (
	FaultRequired       FaultCode = "required"         // absent, and there is no default
	FaultNullNotAllowed FaultCode = "null_not_allowed" // null where a value must stand
	FaultInvalidType    FaultCode = "invalid_type"     // a number where a string must stand, …
	FaultInvalidFormat  FaultCode = "invalid_format"   // a string that does not parse
	FaultInvalidValue   FaultCode = "invalid_value"    // not one of the allowed values
	FaultTooShort       FaultCode = "too_short"
	FaultTooLong        FaultCode = "too_long"
	FaultTooMany        FaultCode = "too_many"
	FaultOutOfRange     FaultCode = "out_of_range"
	FaultDuplicate      FaultCode = "duplicate"
	FaultUnknownField   FaultCode = "unknown_field"
	FaultUnknownParam   FaultCode = "unknown_parameter"
	FaultReadOnly       FaultCode = "read_only" // a member that only the server sets
	FaultNotFound       FaultCode = "not_found" // names something that does not exist for this user
	FaultConflict       FaultCode = "conflict"  // contradicts another member of the same body
	FaultTaken          FaultCode = "taken"     // another thing of this user has it: see ID
	FaultArchived       FaultCode = "archived"  // leads into something that is archived: see ID
)

// The codes of what a server that is not ready lacks, see [CheckCodes].
const (
	FaultUnavailable FaultCode = "unavailable" // cannot be had at the moment
	FaultIncomplete  FaultCode = "incomplete"  // is there, and lacks something
	FaultTimeout     FaultCode = "timeout"     // did not answer in time
	FaultStopping    FaultCode = "stopping"    // is about to end
)

// Fault is one thing wrong with one field of a request. As an error it is
// what a value's parser returns; the reader of the request adds the Field.
type Fault struct {
	Field   string
	Code    FaultCode
	Message string
	// ID is that of the thing in the way, or "".
	ID string
}

// Error returns the message, with the field it is about when that is known.
func (f Fault) Error() string {
	if f.Field == "" {
		return f.Message
	}
	return f.Field + ": " + f.Message
}

// Faultf makes a Fault without a field, for a parser to return.
func Faultf(code FaultCode, format string, args ...any) Fault {
	return Fault{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Faults collects everything wrong with a request, so that a client learns of
// all of it at once.
type Faults []Fault

// Add notes that field is wrong because of err: a Fault keeps its code, any
// other error counts as a wrong format. A nil err adds nothing.
func (fs *Faults) Add(field string, err error) {
	if err == nil {
		return
	}
	fault := Fault{Code: FaultInvalidFormat, Message: err.Error()}
	if parsed, ok := errors.AsType[Fault](err); ok {
		fault = parsed
	}
	fault.Field = field
	*fs = append(*fs, fault)
}

// Has reports whether field has a fault already.
func (fs Faults) Has(field string) bool {
	for _, f := range fs {
		if f.Field == field {
			return true
		}
	}
	return false
}

// Err returns nil where nothing is wrong, else one Invalid error that lists
// all of it.
func (fs Faults) Err() error {
	if len(fs) == 0 {
		return nil
	}
	return &Error{
		Kind:    Invalid,
		Code:    CodeInvalid,
		Message: "the request is well-formed but some of it is wrong; see details",
		Details: fs,
	}
}
