extension Typo {
  /// Errors in keys, ids and roles, and invalid YAML.
  static let keys: [Typo] = [
    Typo(
      "an unknown key", "  level:", "  leve:",
      "test.yaml:1:3: a scenario must have the key 'level'",
      "test.yaml:4:3: a scenario has no key 'leve'; did you mean 'level'?"),
    Typo(
      "a missing key", "  spec: pipe(7)\n", "",
      "test.yaml:1:3: a scenario must have the key 'spec'"),
    Typo(
      "an id of another file", "id: test/sound", "id: tset/sound",
      "test.yaml:1:7: an id in this file is 'test/' and a name of lower-case letters, digits and dashes, not 'tset/sound'"
    ),
    Typo(
      "no title", "title: A byte goes through a pipe.", "title:",
      "test.yaml:2:9: 'title' must be a text, not an empty value"),
    Typo(
      "a list instead of a text", "spec: pipe(7)", "spec: [pipe]",
      "test.yaml:3:9: 'spec' must be a text, not a list"),
    Typo(
      "a text instead of a list", "roles: [reader, writer]", "roles: reader",
      "test.yaml:5:10: expected a list of roles, not the text 'reader'"),
    Typo(
      "a role that no step uses", "[reader, writer]", "[reader, writer, idler]",
      "test.yaml:5:10: no step uses the role 'idler'"),
    Typo(
      "a role twice", "[reader, writer]", "[reader, writer, reader]",
      "test.yaml:5:27: the role 'reader' is listed twice"),
    Typo(
      "a role named like a step", "[reader, writer]", "[reader, writer, kill]",
      "test.yaml:5:27: 'kill' cannot be a role: use lower-case letters, digits and dashes, and no keyword of a step"),
    Typo(
      "a group that is too large", "[reader, writer]", "[reader, writer, extra-1..100]",
      "test.yaml:5:27: a group of roles is written 'writer-1..8', with at most 64 of them"),
    Typo(
      "too many groups", "[reader, writer]", "[reader, writer, extra-1..62, more-1..2]",
      "test.yaml:5:40: a scenario has at most 64 roles"),
    Typo(
      "roles that would make too many cells", "[reader, writer]", "[reader, writer, extra-1..5]",
      "test.yaml:5:10: 7 roles would each have every language in turn; at most 6 may: add 'pairings: mixed'",
      "test.yaml:5:10: no step uses the role 'extra-1'", "test.yaml:5:10: no step uses the role 'extra-2'",
      "test.yaml:5:10: no step uses the role 'extra-3'", "test.yaml:5:10: no step uses the role 'extra-4'",
      "test.yaml:5:10: no step uses the role 'extra-5'"),
    Typo(
      "two keys in one step", "    - kill: writer", "    - {kill: writer, end: writer}",
      "test.yaml:13:7: a step must be a map with one key, not 2"),
    Typo(
      "a misspelled step with a map", "- hand: {reader.w: writer.w}", "- hnad: {reader.w: writer.w}",
      "test.yaml:9:7: unknown role or step 'hnad'; did you mean 'hand'?"),
    Typo(
      "a misspelled role with a list", "    - kill: writer", "    - writr: [pid]",
      "test.yaml:13:7: unknown role or step 'writr'; did you mean 'writer'?"),
    Typo(
      "a role with a map", "    - kill: writer", "    - writer: {pid: ok}",
      "test.yaml:13:15: a step must be a text, not a map"),
    Typo(
      "a step that is not a map", "    - kill: writer", "    - kill writer",
      "test.yaml:13:7: a step must be a map, not the text 'kill writer'"),
    Typo(
      "a key twice", "  level: must", "  level: must\n  level: must",
      "test.yaml:5:3: the map has the key 'level' twice, first at test.yaml:4:3; keep one of them"),
    Typo(
      "a tab", "  level: must", "\tlevel: must",
      "test.yaml:4:1: this is not YAML: while scanning a plain scalar, found a tab character that violates indentation"),
  ]
}
