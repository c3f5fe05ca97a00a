#!/usr/bin/env bash
# One more round after attune-5, which was measured but not shipped (docs/model.md, "One more round"): 10 to 18 minutes
# a run on one CPU core. Needs runs/en-airline-13 from attune-5.sh, BILINGUAL as there, and the corpora.
set -euo pipefail
: "${BILINGUAL:?set BILINGUAL to the folder of the bilingual base}"

C="python -m training compress"
$C unpack --model data/model --out runs/en5
G="python -m training finetune --checkpoint-only --language en"
$G --tokens 64 --method full --base "$BILINGUAL" --epochs 1 --learning-rate 1e-4 --evaluations 4 --seed 51 \
   --corpus sst2=44000 --corpus sst2-sentences=11300 --out runs/film-bilingual
$G --tokens 64 --start data/model/en/packed --epochs 1 --learning-rate 3e-4 --evaluations 4 --seed 52 \
   --corpus sst2=53000 --corpus sst2-sentences=11300 --out runs/film-1
$G --tokens 64 --epochs 1.5 --learning-rate 3e-4 --evaluations 2 --seed 53 \
   --corpus sst2=53000 --corpus sst2-sentences=11300 --out runs/film-2
$G --tokens 128 --method full --start runs/film-bilingual --epochs 1 --batch-size 16 --learning-rate 6e-5 --seed 21 \
   --evaluations 4 --corpus airline=25200 --out runs/air-bilingual

# Each model of $2 as a teacher of each corpus of $1.
teachers() { for CORPUS in $1; do for MODEL in $2; do echo "--teacher $CORPUS=runs/$MODEL"; done; done; }
H="$G --method full --epochs 1 --tokens 128 --misspelled 0.3 --validation-rows 500"
$H --start runs/en5 $(teachers "airline crowd" "en-airline-13 air-bilingual en5") --seed 61 --learning-rate 1e-4 \
   $(teachers "sst2 sst2-sentences imdb-sentences" "film-1 film-2 film-bilingual") --teacher imdb=runs/en5 \
   --soft-share 0.95 --evaluations 2 --corpus airline=25200 --corpus crowd=6000 --corpus sst2=34000 \
   --corpus sst2-sentences=11200 --corpus imdb-sentences=36000 --corpus imdb=3000 --corpus replay-en=9000 \
   --corpus behaviours-en=11200 --out runs/en-fourth
$C average --model runs/en-fourth --weight 0.85 --model runs/en5 --weight 0.15 --out runs/en-fourth-start
$H --start runs/en-fourth-start $(teachers "airline crowd" "en-airline-13 air-bilingual en-fourth") --seed 71 \
   $(teachers "sst2 sst2-sentences" "film-1 film-2") --soft-share 0.9 --learning-rate 5e-5 \
   --corpus airline=12600 --corpus crowd=1500 --corpus sst2=4000 --corpus sst2-sentences=5600 --corpus imdb=8000 \
   --corpus replay-en=4500 --corpus behaviours-en=5600 --out runs/en-sixth
$C average --model runs/en-sixth --weight 0.6 --model runs/en-fourth --weight 0.4 --out runs/en-candidate
$C version --model runs/en-candidate --language en --pack 4 --out runs/en-more --corpus airline
