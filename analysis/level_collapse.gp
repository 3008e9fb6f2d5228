# Levels that a layer of K fan-ins absorbs, and how many inputs a state can depend on.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('level_collapse.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (circuits = strcol(1), parity = column(2), 0) nooutput

set multiplot
# ---- (a) levels for width
@CURVES
@LEFT
set label 1 heading('a', 'Depth bought with width') at screen 0.012, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set xrange [19:180]; set yrange [0.8:9.2]; set ytics 1,1,6
set xtics (22, 34, 54, 90, 158)
set xlabel 'feed-forward units of a layer ({/:Italic K} = 2, 3, 4, 5, 6)' offset 0,0.4 textcolor rgb INK; set ylabel 'levels per layer' offset 0.4,0 textcolor rgb INK
set key at graph 0.01,0.99 left top @KEY font SMALL maxrows 4 width -1
plot TABLES.'lines.tsv' using 2:3 with lines lw 0.9 dt (6,4) lc rgb SOFT notitle, \
     TABLES.'lines.tsv' using 2:4 with lines lw 0.9 dt (2,3) lc rgb SOFT notitle, \
     for [i=1:words(circuits)] TABLES.'collapse.tsv' using 6:(strcol(1) eq word(circuits, i) ? column(5) : NaN) with linespoints lw 1.3 pt MARKER[i] ps 0.65 lc rgb COLOUR[i] notitle, \
     for [i=1:words(circuits)] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.65 lc rgb COLOUR[i] title word(circuits, i) noenhanced, \
     keyentry with lines lw 0.9 dt (6,4) lc rgb SOFT title 'tree: log_2 {/:Italic K}', \
     keyentry with lines lw 0.9 dt (2,3) lc rgb SOFT title 'chain: {/:Italic K} − 1'

# ---- (b) receptive field
@CURVES
@RIGHT
set bmargin at screen 0.160
set label 1 heading('b', sprintf('Inputs that a state depends on, parity of %g', parity)) at screen 0.510, screen 0.945 font HEAD textcolor rgb INK
set logscale y 2; set xrange [-0.15:8.3]; set yrange [0.8:(parity > 0 ? parity : 1)*6]; set xtics 1; set ytics 4 format '%g'
set xlabel 'layers applied' offset 0,0.4 textcolor rgb INK; set ylabel 'inputs' offset 0.4,0 textcolor rgb INK
set arrow 1 from -0.15,parity to 8.3,parity nohead lw 0.8 dt (6,5) lc rgb SOFT back
set label 3 'all inputs' at 8.2,parity*1.25 right font SMALL textcolor rgb SOFT
set key at graph 0.98,0.03 right bottom @KEY font SMALL
array HEADS[3] = [2, 4, 6]
plot for [i=1:3] TABLES.'receptive.tsv' using 1:(column(5) == parity && column(3) == HEADS[i] ? column(4) : NaN) with lines lw 0.9 dt (6,4) lc rgb COLOUR[i] notitle, \
     for [i=1:3] TABLES.'receptive.tsv' using 1:(column(5) == parity && column(3) == HEADS[i] ? column(2) : NaN) with linespoints lw 1.3 pt MARKER[i] ps 0.65 lc rgb COLOUR[i] notitle, \
     for [i=1:3] keyentry with linespoints lw 1.3 pt MARKER[i] ps 0.65 lc rgb COLOUR[i] title sprintf('{/:Italic H} = %g, measured', HEADS[i]), \
     keyentry with lines lw 0.9 dt (6,4) lc rgb INK title 'bound ({/:Italic H} + 1)^{/:Italic l}'
unset multiplot
