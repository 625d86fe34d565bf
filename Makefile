# Every target installs what it needs, asks nothing and may be run twice.
.PHONY: demo demo-wordpress accept-wordpress accept-fleet accept-ci images test check bench charms clean distclean help
.DEFAULT_GOAL := help

PYTEST := .venv/bin/pytest -q
# Tests on machines wait more than they compute. What looks at all of the host comes afterwards, by itself.
BESIDE := -n 3 --dist loadfile --no-loadscope-reorder -m 'not alone'
QUESTIONS := startup check overhead plan deploy_share boot hooks status fleet find guard env_status blog
CHARM_CHECKS := $(addprefix check-,$(notdir $(wildcard charms/*)))

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 26

demo: ## deploy the archive mirror on this machine and prove it with an apt client
	@tools/prepare
	@tools/demo

demo-wordpress: ## deploy a blog on Kubernetes on this machine and prove it with a visitor
	@tools/prepare wordpress
	@tools/demo-wordpress

accept-wordpress: ## run the acceptance tests of the blog, the long ones too; SEALED=1: without any network
	@tools/prepare test
	@tools/build-images
	.venv/bin/python -m pip --quiet --disable-pip-version-check install --root-user-action=ignore --editable '.[accept]'
	@.venv/bin/python tools/pack-charms  # which fetches what they need
	$(if $(SEALED),tools/sealed) $(PYTEST) $(if $(SEALED),-m 'not fetches') images/wordpress/tests tests/accept/wordpress

accept-fleet: ## have twenty shells and twenty runs side by side for some minutes
	@tools/prepare test
	$(PYTEST) tests/accept/fleet

accept-ci: ## try a hundred revisions, kill a tenth of the attempts, and see that no model is left
	@tools/prepare test
	$(PYTEST) -s tests/accept/ci

images: ## build the images of this repository into build/images/
	@tools/prepare wordpress
	@tools/build-images

test: check ## run every test, real machines included; reports of CI go to build/ci/
	@tools/build-images
	$(PYTEST) $(BESIDE) tests/integration
	$(PYTEST) -m 'not heavy' images/wordpress/tests
	$(PYTEST) $(BESIDE) tests/e2e
	$(PYTEST) -m alone tests/integration tests/e2e

check: ## run the linters, type checks and the tests that need no machine
	@tools/prepare test
	@.venv/bin/pyright --version  # which has it fetched by one and not by all of the following at once
	@$(MAKE) --no-print-directory --jobs=3 --output-sync check-types check-units check-style $(CHARM_CHECKS)

.PHONY: check-types check-units check-style $(CHARM_CHECKS)
check-types:
	.venv/bin/pyright

check-units:
	$(PYTEST) -n 2 tests/unit

check-style:
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/lint-imports

$(CHARM_CHECKS): check-%:
	.venv/bin/pyright -p charms/$*
	$(PYTEST) charms/$*/tests

bench: ## answer the questions of benchmarks/, one after the other
	@tools/prepare test
	for question in $(QUESTIONS); do .venv/bin/python benchmarks/$$question.py || exit 1; done

charms: ## pack the charms of this repository into build/
	@tools/prepare
	.venv/bin/python tools/pack-charms

clean: ## remove every machine, mount, interface, rule and process that pocket made
	@if [ -x .venv/bin/pocket ]; then .venv/bin/pocket clean --yes; else echo "nothing to remove"; fi
	@rm -rf build

distclean: clean ## also remove .venv and the cached images
	@if [ -x .venv/bin/pocket ]; then .venv/bin/pocket clean --yes --images; fi
	@rm -rf .venv
