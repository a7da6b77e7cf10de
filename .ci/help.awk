# Prints the targets of a Makefile by group: `##@ Group` opens one, `target: ## text` is one entry.
BEGIN { FS = ":.*## "; printf "Usage: make <target>\n" }
/^##@ / { printf "\n%s\n", substr($0, 5) }
/^[a-z-]+:.*## / { printf "  %-13s %s\n", $1, $2 }
