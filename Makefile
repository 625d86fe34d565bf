# Every target installs what it needs, asks nothing and may be run twice.
.PHONY: demo demo-wordpress accept-wordpress accept-fleet images test check bench charms clean distclean help
.DEFAULT_GOAL := help

PYTEST := .venv/bin/pytest -q

help: ## show the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 26

demo: ## deploy the archive mirror on this machine and prove it with an apt client
	@tools/prepare
	@tools/demo

demo-wordpress: ## deploy a blog on Kubernetes on this machine and prove it with a visitor
	@tools/prepare wordpress
	@tools/demo-wordpress

accept-wordpress: ## run the acceptance tests of the blog, the long ones too
	@tools/prepare test
	@tools/build-images
	.venv/bin/python -m pip --quiet --disable-pip-version-check install --root-user-action=ignore --editable '.[accept]'
	$(PYTEST) images/wordpress/tests tests/accept/wordpress

accept-fleet: ## have twenty shells and twenty runs side by side for some minutes
	@tools/prepare test
	$(PYTEST) tests/accept/fleet

images: ## build the images of this repository into build/images/
	@tools/prepare wordpress
	@tools/build-images

test: check ## run every test, real machines included
	$(PYTEST) tests/integration
	@tools/build-images
	$(PYTEST) -m 'not heavy' images/wordpress/tests
	$(PYTEST) tests/e2e

check: ## run the linters, type checks and the tests that need no machine
	@tools/prepare test
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/pyright
	.venv/bin/lint-imports
	$(PYTEST) -n 2 tests/unit
	for charm in charms/*/; do .venv/bin/pyright -p $$charm && $(PYTEST) $$charm/tests || exit 1; done

bench: ## answer the questions of benchmarks/, one after the other
	@tools/prepare test
	for question in startup check overhead plan deploy_share boot hooks status fleet guard blog; do .venv/bin/python benchmarks/$$question.py || exit 1; done

charms: ## pack the charms of this repository into build/
	@tools/prepare
	.venv/bin/python tools/pack-charms

clean: ## remove every machine, mount, interface, rule and process that pocket made
	@if [ -x .venv/bin/pocket ]; then .venv/bin/pocket clean --yes; else echo "nothing to remove"; fi
	@rm -rf build

distclean: clean ## also remove .venv and the cached images
	@if [ -x .venv/bin/pocket ]; then .venv/bin/pocket clean --yes --images; fi
	@rm -rf .venv
