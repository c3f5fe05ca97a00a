#!/usr/bin/env bash
# Trains the shipped version, attune-5, from its bases: about five hours on two CPU cores.
#
# Needs ATTUNE_CORPUS_DIR or the Hugging Face Hub, and BILINGUAL: a checkpoint of intfloat/multilingual-e5-small whose
# vocabulary is cut to English and Chinese (`python -m training compress vocabulary`).
# `--validation-rows 300` to `400` saves time while training. docs/model.md explains each run.
set -euo pipefail
: "${BILINGUAL:?set BILINGUAL to the folder of the bilingual base}"

FULL="python -m training finetune --method full --checkpoint-only --epochs 1"
E="$FULL --tokens 128"
Z="$FULL --language zh --tokens 96"
C="python -m training compress"

$E --out runs/en-first --corpus airline=33600 --corpus crowd=10000 --corpus sst2=90000 \
   --corpus sst2-sentences=17000 --corpus imdb=16000 --corpus replay-en=15000 --corpus behaviours-en=8400
$E --start runs/en-first --learning-rate 5e-5 --label-smoothing 0.1 --out runs/en-smooth \
   --corpus airline=16800 --corpus crowd=5000 --corpus sst2=25000 --corpus sst2-sentences=10100 --corpus imdb=7000 \
   --corpus replay-en=13500 --corpus behaviours-en=16800
$E --start runs/en-first --teacher runs/en-first --learning-rate 6e-5 --seed 17 --out runs/en-distilled \
   --corpus airline=8398 --corpus crowd=4000 --corpus sst2=12000 --corpus sst2-sentences=5049 --corpus imdb=5000 \
   --corpus replay-en=13500 --corpus behaviours-en=14000
$C average --model runs/en-first --weight 0.3 --model runs/en-smooth --weight 0.3 \
   --model runs/en-distilled --weight 0.4 --out runs/en-mean
for SEED in 13 14 15 16; do
  python -m training finetune --checkpoint-only --tokens 128 --batch-size 16 --learning-rate 3e-4 --epochs 4 \
     --evaluations 2 --rank 32 --corpus airline --seed $SEED --out runs/en-airline-$SEED
done

T="--teacher runs/en-mean --teacher airline=runs/en-airline-13 --teacher airline=runs/en-airline-14 --misspelled 0.15"
$E --start runs/en-mean $T --soft-share 0.7 --evaluations 3 --out runs/en-student \
   --corpus airline=25200 --corpus crowd=8000 --corpus sst2=55000 --corpus sst2-sentences=10100 --corpus imdb=10000 \
   --corpus imdb-sentences=45000 --corpus replay-en=13500 --corpus behaviours-en=16800
$E --start runs/en-student $T --soft-share 1.0 --learning-rate 7e-5 --out runs/en-second \
   --corpus airline=25200 --corpus crowd=3000 --corpus sst2=5000 --corpus sst2-sentences=5049 --corpus imdb=3000 \
   --corpus replay-en=9000 --corpus behaviours-en=5600

# The Chinese teacher and student. Of two --epochs, the last one counts.
$Z --base "$BILINGUAL" --evaluations 2 --out runs/zh-teacher --corpus zh-reviews=24000 --corpus replay-zh=10400
$Z --start runs/zh-teacher --layers 0,2,4,7,9,11 --teacher runs/zh-teacher --hidden-share 0.3 --misspelled 0.15 \
   --epochs 1.3 --learning-rate 1.5e-4 --evaluations 2 --out runs/zh-student \
   --corpus zh-reviews --corpus replay-zh=15600 --corpus behaviours-zh=16800
$Z --start runs/zh-student --teacher runs/zh-teacher --soft-share 0.7 --misspelled 0.15 --learning-rate 6e-5 --seed 17 \
   --out runs/zh-second --corpus zh-reviews=18000 --corpus replay-zh=10400 --corpus behaviours-zh=11200
$C average --model runs/zh-second --weight 0.6 --model runs/zh-student --weight 0.4 --out runs/zh-start
$Z --start runs/zh-start --teacher zh-reviews=runs/zh-teacher --teacher replay-zh=runs/zh-start --soft-share 0.7 \
   --misspelled 0.2 --learning-rate 6e-5 --seed 23 --out runs/zh-third --evaluations 2 \
   --corpus zh-reviews=9000 --corpus replay-zh=7800 --corpus behaviours-zh=16800
$Z --start runs/zh-third --teacher zh-reviews=runs/zh-start --teacher replay-zh=runs/zh-start --soft-share 0.7 \
   --misspelled 0.6 --learning-rate 6e-5 --seed 24 --out runs/zh-fourth --evaluations 2 \
   --corpus zh-reviews=6000 --corpus replay-zh=7800 --corpus behaviours-zh=11200
$C average --model runs/zh-third --weight 0.4 --model runs/zh-fourth --weight 0.6 --out runs/zh-mean

# The bilingual airline teacher, and the last English runs.
$E --start runs/zh-teacher --batch-size 16 --learning-rate 6e-5 --seed 21 --evaluations 4 --out runs/en-bilingual \
   --corpus airline=25200

# The five airline teachers for corpus $1; the bilingual one counts twice.
airline_teachers() {
  for SEED in 13 14 15 16; do echo "--teacher $1=runs/en-airline-$SEED"; done
  echo "--teacher $1=runs/en-bilingual --teacher $1=runs/en-bilingual"
}
# Checkpoint $1 as the teacher of the other corpora, and of corpus $2.
keep_as_is() { for CORPUS in sst2 sst2-sentences imdb ${2:-}; do echo "--teacher $CORPUS=$1"; done; }

$E --start runs/en-second $(airline_teachers airline) $(airline_teachers crowd) \
   $(keep_as_is runs/en-second replay-en) --soft-share 0.95 --misspelled 0.3 --learning-rate 8e-5 --seed 31 \
   --evaluations 2 --out runs/en-third \
   --corpus airline=33600 --corpus crowd=8000 --corpus sst2=5000 --corpus sst2-sentences=8000 --corpus imdb=2500 \
   --corpus replay-en=6000 --corpus behaviours-en=8400
$C average --model runs/en-second --weight 0.3 --model runs/en-third --weight 0.7 --out runs/en-start
$C average --model runs/en-second --weight 0.5 --model runs/en-third --weight 0.5 --out runs/en-half
$E --start runs/en-start $(airline_teachers airline) $(keep_as_is runs/en-half) --soft-share 0.95 \
   --misspelled 0.5 --learning-rate 5e-5 --seed 41 --out runs/en-final \
   --corpus airline=8400 --corpus sst2=2000 --corpus sst2-sentences=3000 --corpus imdb=1000 \
   --corpus replay-en=9000 --corpus behaviours-en=8400

# Pack, combine, measure and ship.
$C version --model runs/en-final --language en --pack 4 --out runs/en --corpus airline
$C version --model runs/zh-mean --language zh --pack 8 --out runs/zh --corpus zh-reviews --corpus replay-zh
python -m training combine --en runs/en --zh runs/zh --out runs/both --version attune-5
python -m training measure runs/both
python -m training ship runs/both
