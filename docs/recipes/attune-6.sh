#!/usr/bin/env bash
# Trains the shipped version, attune-6, from the experts of attune-5 (attune-5.sh): about three hours on two CPU cores.
#
# Needs ATTUNE_CORPUS_DIR with the corpora that are not in this repository (docs/training.md). The labelled messages and
# the parts of composed mail grew between the runs; en-r1 used 2,710 of the 4,949 support messages.
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

$F --start runs/en-r2 $T --learning-rate 1e-4 --seed 73 --evaluations 3 --validation-rows 150 \
   --corpus composed-en=34000 --corpus support=10000 --corpus airline=7000 --corpus sst2-sentences=5000 \
   --corpus sst2=2000 --corpus imdb=2500 --corpus tweets=700 --corpus requests=2500 --corpus facts=2000 \
   --corpus replay-en=6000 --corpus behaviours-en=6000 --out runs/en-r3
$F --start runs/en-r3 $T --learning-rate 9e-5 --seed 74 --evaluations 3 --validation-rows 150 \
   --corpus composed-en=30000 --corpus support=9800 --corpus airline=6000 --corpus sst2-sentences=4000 \
   --corpus sst2=2000 --corpus imdb=2000 --corpus requests=2000 --corpus facts=1000 --corpus replay-en=8000 \
   --corpus behaviours-en=4000 --out runs/en-r4
$C average --model runs/en-r2 --weight 0.25 --model runs/en-r3 --weight 0.25 --model runs/en-r4 --weight 0.5 \
   --out runs/en-m4
$F --start runs/en-m4 $T --learning-rate 6e-5 --seed 75 --evaluations 2 --validation-rows 150 \
   --corpus composed-en=16000 --corpus support=5000 --corpus airline=4000 --corpus sst2-sentences=3000 \
   --corpus sst2=1000 --corpus imdb=2500 --corpus requests=1000 --corpus facts=500 --corpus replay-en=9500 \
   --corpus behaviours-en=1500 --out runs/en-r5
$C average --model runs/en-m4 --weight 0.4 --model runs/en-r5 --weight 0.6 --out runs/en-final

Z="$F --language zh --teacher zh-reviews=runs/zh5"
$Z --start runs/zh5 --learning-rate 8e-5 --seed 71 --evaluations 3 --validation-rows 300 \
   --corpus composed-zh=24000 --corpus support-zh=5600 --corpus zh-reviews=14000 --corpus replay-zh=7800 \
   --corpus behaviours-zh=8400 --out runs/zh-r1
$Z --start runs/zh-r1 --learning-rate 1e-4 --seed 72 --evaluations 3 --validation-rows 200 \
   --corpus composed-zh=26000 --corpus support-zh=4600 --corpus zh-reviews=12000 --corpus replay-zh=9000 \
   --corpus behaviours-zh=6000 --out runs/zh-r2
$Z --start runs/zh-r2 --learning-rate 7e-5 --seed 73 --evaluations 2 --validation-rows 200 \
   --corpus composed-zh=18000 --corpus support-zh=3500 --corpus zh-reviews=7000 --corpus replay-zh=5200 \
   --corpus behaviours-zh=3000 --out runs/zh-r3
$Z --start runs/zh-r3 --learning-rate 7e-5 --seed 74 --evaluations 2 --validation-rows 200 \
   --corpus composed-zh=18000 --corpus support-zh=3000 --corpus zh-reviews=5000 --corpus replay-zh=5200 \
   --corpus behaviours-zh=2000 --out runs/zh-r4
$C average --model runs/zh-r2 --weight 0.25 --model runs/zh-r3 --weight 0.25 --model runs/zh-r4 --weight 0.5 \
   --out runs/zh-m4
$Z --start runs/zh-m4 --learning-rate 7e-5 --seed 75 --evaluations 2 --validation-rows 200 \
   --corpus composed-zh=16000 --corpus support-zh=2800 --corpus zh-reviews=4500 --corpus replay-zh=5200 \
   --corpus behaviours-zh=1000 --out runs/zh-r5
$C average --model runs/zh-m4 --weight 0.4 --model runs/zh-r5 --weight 0.6 --out runs/zh-final

# Calibrated on a mixture, packed, combined, measured and shipped.
$C version --model runs/en-final --language en --pack 4 --out runs/en --corpus airline --corpus support \
   --corpus composed-en --corpus replay-en --corpus sst2 --corpus imdb --corpus requests
$C version --model runs/zh-final --language zh --pack 8 --smoothing 0.9 --out runs/zh --corpus zh-reviews --corpus support-zh \
   --corpus composed-zh --corpus replay-zh
python -m training combine --en runs/en --zh runs/zh --out runs/both --version attune-6
python -m training measure runs/both
python -m training ship runs/both
python -m training reference
