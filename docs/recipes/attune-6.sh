#!/usr/bin/env bash
# Trains the shipped version, attune-6, from the experts of attune-5 (attune-5.sh): about two hours on two CPU cores.
#
# Needs ATTUNE_CORPUS_DIR with the corpora that are not in this repository (docs/training.md). The first run of the
# English expert used 2,710 of the 4,949 labelled support messages, the second all of them.
set -euo pipefail

C="python -m training compress"
$C unpack --model data/model --out runs/en5
$C unpack --model data/model --language zh --out runs/zh5

F="python -m training finetune --method full --checkpoint-only --epochs 1 --tokens 96 --misspelled 0.15 --soft-share 0.8"
# The expert of attune-5 teaches the old corpora; rows of this project are learned from their labels.
T="--teacher airline=runs/en5 --teacher sst2=runs/en5 --teacher sst2-sentences=runs/en5 --teacher imdb=runs/en5"

$F --start runs/en5 $T --learning-rate 1e-4 --seed 71 --evaluations 3 --validation-rows 300 \
   --corpus composed-en=26000 --corpus support=10000 --corpus airline=8400 --corpus sst2=4000 \
   --corpus sst2-sentences=6000 --corpus imdb=3000 --corpus tweets=1400 --corpus requests=4000 --corpus facts=4000 \
   --corpus replay-en=7500 --corpus behaviours-en=8400 --out runs/en-r1
$F --start runs/en-r1 $T --learning-rate 8e-5 --seed 72 --evaluations 2 --validation-rows 100 --quantisation-aware \
   --corpus composed-en=12000 --corpus support=8000 --corpus airline=4200 --corpus sst2-sentences=3000 \
   --corpus sst2=1000 --corpus imdb=1000 --corpus tweets=700 --corpus requests=2500 --corpus facts=1000 \
   --corpus replay-en=3500 --corpus behaviours-en=4000 --out runs/en-r2

$F --language zh --start runs/zh5 --teacher zh-reviews=runs/zh5 --learning-rate 8e-5 --seed 71 --evaluations 3 \
   --validation-rows 300 --corpus composed-zh=24000 --corpus support-zh=5600 --corpus zh-reviews=14000 \
   --corpus replay-zh=7800 --corpus behaviours-zh=8400 --out runs/zh-r1

# Calibrated on a mixture, packed, combined, measured and shipped.
$C version --model runs/en-r2 --language en --pack 4 --out runs/en --corpus airline --corpus support \
   --corpus composed-en --corpus replay-en --corpus sst2 --corpus imdb --corpus requests
$C version --model runs/zh-r1 --language zh --pack 8 --out runs/zh --corpus zh-reviews --corpus support-zh \
   --corpus composed-zh --corpus replay-zh
python -m training combine --en runs/en --zh runs/zh --out runs/both --version attune-6
python -m training measure runs/both
python -m training ship runs/both
python -m training reference
