package httpx

import "slices"

// steps arranges operations so that each step can be done at once: creates of
// one sort of thing, or a single operation of any other kind. Creates that
// follow each other go sort by sort, those before which others refer to: nothing
// else could tell the difference. Whatever is no such create keeps its place.
func steps(operations []*operation) [][]*operation {
	var all [][]*operation
	for len(operations) > 0 {
		n := slices.IndexFunc(operations, func(o *operation) bool { return o.route.Many == nil })
		switch n {
		case -1:
			return append(all, sorted(operations)...)
		case 0:
			all = append(all, operations[:1])
			n = 1
		default:
			all = append(all, sorted(operations[:n])...)
		}
		operations = operations[n:]
	}
	return all
}

// sorted returns creates sort by sort, each behind those that it refers to. A
// sort may refer to itself: its creates stay in order.
func sorted(creates []*operation) [][]*operation {
	var sorts [][]*operation
	for _, o := range creates {
		i := slices.IndexFunc(sorts, func(s []*operation) bool { return s[0].route.Operation == o.route.Operation })
		if i < 0 {
			sorts = append(sorts, []*operation{o})
			continue
		}
		sorts[i] = append(sorts[i], o)
	}
	var all [][]*operation
	for len(sorts) > 0 {
		i := slices.IndexFunc(sorts, func(s []*operation) bool {
			return !slices.ContainsFunc(sorts, func(other []*operation) bool { return other[0] != s[0] && refers(s, other) })
		})
		if i < 0 {
			return neighbours(creates) // two sorts refer to each other: there are no such resources
		}
		all = append(all, sorts[i])
		sorts = slices.Delete(sorts, i, i+1)
	}
	return all
}

// refers reports whether any of some operations refers to what others make.
func refers(some, others []*operation) bool {
	return slices.ContainsFunc(some, func(o *operation) bool {
		return slices.ContainsFunc(others, func(other *operation) bool { return slices.Contains(o.uses, other.newID) })
	})
}

// neighbours puts creates of one sort together that stand side by side.
func neighbours(creates []*operation) [][]*operation {
	var all [][]*operation
	for i, o := range creates {
		if i > 0 && creates[i-1].route.Operation == o.route.Operation {
			all[len(all)-1] = append(all[len(all)-1], o)
			continue
		}
		all = append(all, []*operation{o})
	}
	return all
}
