# Parameters, operations and time at effective depth 120, against the layers of the block.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('depth_parameters.gp')].'style.gp'

models = 0
stats TABLES.'models.tsv' using (models = models + 1, 0) nooutput
array NAME[models + 1]
do for [i=1:models] { stats TABLES.'models.tsv' every ::i-1::i-1 using (NAME[i] = strcol(1), 0) nooutput }
look(i) = (i - 1) % |COLOUR| + 1

set multiplot
# ---- (a) parameters
@LEFT; @CURVES
set label 1 heading('a', 'Parameters at effective depth 120') at screen 0.012, screen 0.945 font HEAD textcolor rgb INK
set logscale xy
set xrange [0.9:135]; set xtics (1, 2, 4, 12, 24, 60, 120)
set format y '10^{%T}'; set yrange [8:*]
set key at graph 0.99, graph 0.02 right bottom @KEY font SMALL
set xlabel 'layers of the block L (run 120 / L times)' offset 0,0.4 textcolor rgb INK
set ylabel 'parameters' offset 0.2,0 textcolor rgb INK
set arrow 1 from 12, graph 0.33 to 12, graph 1 nohead lw 0.8 dt (6,4) lc rgb SOFT back
set label 2 '12 × 10' at 11.2, graph 0.97 right font SMALL textcolor rgb SOFT
plot for [i=1:models] TABLES.'curves.tsv' every :::(i-1)::(i-1) using 1:3 with lines lw 1.4 lc rgb COLOUR[look(i)] notitle, \
     for [i=1:models] TABLES.'curves.tsv' every :::(i-1)::(i-1) using 1:2 with points pt MARKER[look(i)] ps 0.7 lc rgb COLOUR[look(i)] notitle, \
     for [i=1:models] keyentry with linespoints lw 1.4 pt MARKER[look(i)] ps 0.7 lc rgb COLOUR[look(i)] title plain(NAME[i])

# ---- (b) operations and time
@RIGHT; @CURVES
set label 1 heading('b', 'Operations and time, relative to 120 × 1') at screen 0.520, screen 0.945 font HEAD textcolor rgb INK
set logscale x
set xrange [0.9:135]; set xtics (1, 2, 4, 12, 24, 60, 120)
set yrange [0:1.2<*]; set ytics format '%.1f'
set xlabel 'layers of the block L (run 120 / L times)' offset 0,0.4 textcolor rgb INK
set ylabel 'part of the stack of 120 layers' offset 0.4,0 textcolor rgb INK
set arrow 1 from 12, graph 0.17 to 12, graph 1 nohead lw 0.8 dt (6,4) lc rgb SOFT back
set key at graph 0.99, graph 0.02 right bottom @KEY font SMALL
plot TABLES.'curves.tsv' every :::0::0 using 1:4 with lines lw 1.4 lc rgb INK title 'operations (all models)', \
     for [i=1:models] TABLES.'curves.tsv' every :::(i-1)::(i-1) using 1:5 with linespoints lw 0.8 pt MARKER[look(i)] ps 0.7 lc rgb COLOUR[look(i)] notitle, \
     keyentry with linespoints lw 0.8 pt 7 ps 0.7 lc rgb SOFT title 'time (markers as in a)'
unset multiplot
