# Everything that a person types. Each target sets up what it needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Where it is set, every start compiles all that it imports again: twice the time.
unexport PYTHONDONTWRITEBYTECODE

UV_VERSION := 0.13.9
UV := .tools/bin/uv
APP := .venv/.synced
NLU := .venv-rasa/.synced

.PHONY: help setup run train vectors test coverage lint fmt bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(UV):
	@scripts/bootstrap-uv $(UV_VERSION)

$(APP): pyproject.toml uv.lock | $(UV)
	@echo "==> 应用环境 .venv"
	@UV_PROJECT_ENVIRONMENT=.venv $(UV) sync --frozen --python 3.11 --group app --group dev
	@touch $@

$(NLU): pyproject.toml uv.lock | $(UV)
	@echo "==> 语言理解环境 .venv-rasa（约 2.6 GB，第一次要几分钟）"
	@UV_PROJECT_ENVIRONMENT=.venv-rasa $(UV) sync --frozen --python 3.10 --only-group nlu
	@touch $@

setup: $(APP) $(NLU) ## build both environments

train: setup ## train the NLU model if its data changed
	@.venv-rasa/bin/python nlu_data/train.py --output var/models > /dev/null

run: train ## bring up the whole assistant
	@exec .venv/bin/wenfa serve

vectors: setup
	@.venv/bin/wenfa kb vectors

test: train vectors ## run all tests
	@scripts/need-browser
	@OPENBLAS_NUM_THREADS=1 .venv/bin/pytest -n 2 --dist loadfile

coverage: train vectors ## run all tests and see which lines they reach (half as long again)
	@scripts/need-browser
	@OPENBLAS_NUM_THREADS=1 .venv/bin/pytest -n 2 --dist loadfile --cov --cov-report=term

lint: $(APP) ## check format, style, types, imports and data files
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports
	@.venv/bin/yamllint --strict .
	@.venv/bin/wenfa kb check

fmt: $(APP) ## format the code
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench: train ## measure against peers in the same run
	@.venv/bin/python -m bench

clean: ## remove what was built (not the data in var/)
	@rm -rf .venv .venv-rasa .tools var/models
