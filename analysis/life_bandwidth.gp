# Boards of Life right in every cell against the bits that pass after each step, with the exact bound for any network.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('life_bandwidth.gp')].'style.gp'

stats TABLES.'bounds.tsv' using 1 nooutput name 'CELLS'
n0 = int(CELLS_min); n1 = int(CELLS_max)
COUNT = n0 == n1 ? 1 : 2
size(k) = k == 1 ? n0 : n1
MOST = 2 * n1
set multiplot
# ---- (a) bits a board
@CURVES; @LEFT
set label 1 heading('a', 'Bits a board') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set xrange [-0.02 * MOST:1.05 * MOST]; set yrange [-0.03:1.1]; set ytics 0.2; set format y '%.1f'
set xlabel 'bits after each step' offset 0,0.4 textcolor rgb INK; set ylabel 'boards right in every cell' offset 0.6,0 textcolor rgb INK
do for [k = 1:COUNT] { set arrow k from first size(k), graph 0 to first size(k), first 1 nohead dt (2,3) lc rgb COLOUR[k] }
set key at graph 0.99,-0.005 right bottom @KEY font SMALL
plot for [k = 1:COUNT] TABLES.'bounds.tsv' using ($1 == size(k) ? $2 : NaN):4 with lines lw 1.1 lc rgb COLOUR[k] title sprintf('bound, %d cells', size(k)), \
     for [k = 1:COUNT] TABLES.'success.tsv' using ($1 == 1 && $2 == size(k) ? $4 : NaN):6:7:8 with yerrorbars lw 1.0 pt MARKER[k] ps 0.5 lc rgb COLOUR[k] title sprintf('trained, %d', size(k)), \
     for [k = 1:COUNT] TABLES.'success.tsv' using ($1 == 0 && $2 == size(k) ? $4 : NaN):6 with points lw 1.2 pt 2 * k ps 0.6 lc rgb COLOUR[k] title sprintf('constructed, %d', size(k))

# ---- (b) bits a cell
@CURVES; @RIGHT
set label 1 heading('b', 'Bits a cell, and controls') at screen 0.515, screen 0.945 font HEAD textcolor rgb INK
set xrange [-0.06:2.5]; set yrange [-0.03:1.1]; set ytics 0.2; set format y '%.1f'; set xtics ('0' 0, '0.5' 0.5, '1' 1, '1.5' 1.5, '2' 2, 'wide' 2.35)
set xlabel 'bits after each step / cells' offset 0,0.4 textcolor rgb INK; set ylabel 'boards right in every cell' offset 0.6,0 textcolor rgb INK
set arrow 1 from first 1, graph 0 to first 1, first 1 nohead dt (2,3) lc rgb SOFT
set key at graph 0.85,0.04 right bottom @KEY font SMALL
plot for [k = 1:COUNT] TABLES.'bounds.tsv' using ($1 == size(k) ? $3 : NaN):4 with lines lw 1.1 lc rgb COLOUR[k] notitle, \
     for [k = 1:COUNT] TABLES.'success.tsv' using ($1 == 1 && $2 == size(k) ? $5 : NaN):6:7:8 with yerrorbars lw 1.0 pt MARKER[k] ps 0.5 lc rgb COLOUR[k] notitle, \
     for [k = 1:COUNT] TABLES.'success.tsv' using ($1 == 0 && $2 == size(k) ? $5 : NaN):6 with points lw 1.2 pt 2 * k ps 0.6 lc rgb COLOUR[k] notitle, \
     TABLES.'success.tsv' using ($1 == 2 ? 0 : NaN):6 with points lw 1.2 pt 8 ps 0.6 lc rgb COLOUR[5] title 'cut', \
     TABLES.'success.tsv' using ($1 == 3 ? 2.35 : NaN):6:7:8 with yerrorbars lw 1.0 pt 13 ps 0.6 lc rgb COLOUR[4] title 'wide'
unset multiplot
