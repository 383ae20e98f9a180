package openapitest

// closeSchemas makes the schemas of answers refuse what they do not name. The
// document itself leaves them open, so that clients are ready for new members.
func closeSchemas(document any) {
	each(member(document, "components", "schemas"), func(s any) { closeParts(s) })
	each(member(document, "components", "responses"), closeResponse)
	each(member(document, "paths"), func(item any) {
		each(item, func(operation any) { each(member(operation, "responses"), closeResponse) })
	})
}

func closeResponse(response any) {
	each(member(response, "content"), func(media any) { closeSchema(member(media, "schema")) })
}

// closeSchema lets a schema take no properties but those that it or its parts
// name. What stands among the components is closed where it is used: there it
// may be one part of more.
func closeSchema(schema any) {
	if s, ok := schema.(map[string]any); ok {
		s["unevaluatedProperties"] = false
		closeParts(s)
	}
}

func closeParts(schema any) {
	each(member(schema, "properties"), closeSchema)
	closeSchema(member(schema, "items"))
	closeSchema(member(schema, "additionalProperties"))
	for _, word := range []string{"anyOf", "oneOf"} {
		list, _ := member(schema, word).([]any)
		for _, part := range list {
			closeSchema(part)
		}
	}
	list, _ := member(schema, "allOf").([]any)
	for _, part := range list {
		closeParts(part)
	}
}

// member returns what is below value under these names, nil for nothing.
func member(value any, names ...string) any {
	for _, name := range names {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func each(value any, do func(any)) {
	object, _ := value.(map[string]any)
	for _, v := range object {
		do(v)
	}
}
