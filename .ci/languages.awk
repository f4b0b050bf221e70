# Turns the table in docs/languages.md into the README's table, with a row for each language and a column for each
# mechanism that at least one language besides C and Swift supports. C and Swift, the first two, support all mechanisms.
BEGIN { FS = " *[|] *" }
/^[|]/ && !/^[|]-/ {
  used = 0
  for (i = 5; i < NF; i++) if ($i != "") used = 1
  if (!used) next
  for (i = 2; i < NF; i++) row[i] = row[i] " " $i " |"
  count++
  languages = NF
}
END {
  sub(/mechanism/, "language", row[2])
  for (i = 2; i < languages; i++) {
    print "|" row[i]
    if (i == 2) { printf "|---|"; for (j = 1; j < count; j++) printf "---:|"; print "" }
  }
}
