# How far a mean lies from its gate's threshold, and layers of threshold gates against layers of two-input gates.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('threshold_circuits.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (betas = strcol(1), widest = column(2), 0) nooutput

beta(i) = i > words(betas) ? NaN : word(betas, i) + 0

set multiplot
# ---- (a) distance from the threshold
@CURVES
@LEFT
set lmargin at screen 0.092
set label 1 heading('a', 'Mean against threshold') at screen 0.012, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set logscale y 10; set xrange [1.6:(widest > 2 ? widest : 2)*1.5]; set yrange [5e-5:1.5]
set xtics 4 format '%g'; set ytics 10 format '10^{%T}'
set xlabel 'fan-ins {/:Italic n}' offset 0,0.4 textcolor rgb INK; set ylabel 'distance from the threshold' offset 0.6,0 textcolor rgb INK
set key at graph 0.02,0.10 left bottom @KEY font SMALL
array OPEN[6] = [6, 4, 8, 12, 10, 14]
plot TABLES.'ideal.tsv' using 1:2 with lines lw 1.0 dt (6,4) lc rgb SOFT title '1/{/:Italic n}', \
     for [i=1:words(betas)] TABLES.'gates.tsv' using (column(3) == beta(i) && strcol(2) eq 'and' ? column(1) : NaN):6 with lines lw 1.0 lc rgb COLOUR[i] notitle, \
     for [i=1:words(betas)] TABLES.'gates.tsv' using (column(3) == beta(i) && strcol(2) eq 'majority' ? column(1) : NaN):6 with lines lw 0.6 lc rgb COLOUR[i] notitle, \
     for [i=1:words(betas)] TABLES.'gates.tsv' using (column(3) == beta(i) && strcol(2) eq 'and' ? column(1) : NaN):5 with points pt MARKER[i] ps 0.6 lc rgb COLOUR[i] notitle, \
     for [i=1:words(betas)] TABLES.'gates.tsv' using (column(3) == beta(i) && strcol(2) eq 'majority' ? column(1) : NaN):5 with points pt OPEN[i] ps 0.6 lc rgb COLOUR[i] notitle, \
     for [i=1:words(betas)] TABLES.'gates.tsv' using (column(3) == beta(i) && strcol(2) eq 'and' && column(11) > 0 ? column(1) : NaN):(6.5e-5*1.28**(i-1)) with points pt 2 ps 0.5 lc rgb COLOUR[i] notitle, \
     for [i=1:words(betas)] keyentry with linespoints lw 1.0 pt MARKER[i] ps 0.6 lc rgb COLOUR[i] title sprintf('{/:Italic β} = %s', word(betas, i))

# ---- (b) layers
@CURVES
@RIGHT
set label 1 heading('b', 'Layers, same function') at screen 0.510, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set xrange [2.5:320]; set yrange [0:30]; set xtics 4 format '%g'; set ytics 4
set xlabel 'inputs' offset 0,0.4 textcolor rgb INK; set ylabel 'layers applied' offset 0.4,0 textcolor rgb INK
set key at graph 0.02,0.99 left top @KEY font SMALL
set label 3 'parity, popcount, multiplexer' at 13,2.7 left font SMALL textcolor rgb SOFT
array NAME[4] = ['parity', 'popcount', 'multiplexer', 'comparator']
plot for [i=1:4] TABLES.'depth.tsv' using (strcol(14) eq NAME[i] ? column(2) : NaN):8 with linespoints lw 0.9 dt (4,3) pt OPEN[i] ps 0.65 lc rgb COLOUR[i] notitle, \
     for [i=1:4] TABLES.'depth.tsv' using (strcol(14) eq NAME[i] ? column(2) : NaN):3 with linespoints lw 1.3 pt MARKER[i] ps 0.55 lc rgb COLOUR[i] notitle, \
     for [i=1:4] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.65 lc rgb COLOUR[i] title NAME[i], \
     keyentry with lines lw 1.3 lc rgb INK title 'threshold gates', \
     keyentry with lines lw 0.9 dt (4,3) lc rgb INK title 'two-input gates'
unset multiplot
