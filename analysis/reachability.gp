# Modes of thought on reachability: accuracy by mode and by what training tells, and against the number of thoughts.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
PAGE_H = 3.7
load ARG0[1 : strlen(ARG0) - strlen('reachability.gp')].'style.gp'

ROWS = 0; GRAPHS = 0; K = 1
stats TABLES.'rows.tsv' using (ROWS = column(1) + 1, 0) nooutput
stats TABLES.'modes.tsv' using (GRAPHS = column(1) + 1 > GRAPHS ? column(1) + 1 : GRAPHS, 0) nooutput
stats TABLES.'thoughts.tsv' using (K = column(4) > K ? column(4) : K, 0) nooutput
array TOLD[5] = ['the answer alone', 'written steps', 'dense labels', 'rest', 'next']
row(k, g) = -k - (GRAPHS > 1 ? 0.5 * (g / (GRAPHS - 1) - 0.5) : 0)
SIDES = "set tmargin at screen 0.900; set bmargin at screen 0.150"

set multiplot
# ---- (a) modes
@CURVES; @SIDES; set lmargin at screen 0.205; set rmargin at screen 0.585
set label 1 heading('a', 'Modes by what training tells') at screen 0.008, screen 0.955 font HEAD textcolor rgb INK
set xrange [0:1.03]; set yrange [-ROWS + 0.4:0.30 * ROWS]; set xtics 0.2; set format x '%.1f'; unset ytics
set xlabel 'test accuracy' offset 0,0.4 textcolor rgb INK
set arrow 1 from first 0.5, graph 0 to first 0.5, first 0.6 nohead dt (2,3) lc rgb SOFT
set key at graph 0.0,1.02 left top @KEY font SMALL
plot TABLES.'rows.tsv' using (0):(-column(1)):2 with labels right offset -0.6,0 font SMALL textcolor rgb INK notitle, \
     for [t = 0:4] for [g = 0:int(GRAPHS) - 1] TABLES.'seeds.tsv' using (column(3) == t && column(1) == g ? column(4) : NaN):(row(column(2), g)) with points pt MARKER[g % 6 + 1] ps 0.3 lc rgb COLOUR[t + 1] notitle, \
     for [t = 0:4] for [g = 0:int(GRAPHS) - 1] TABLES.'modes.tsv' using (column(3) == t && column(1) == g ? column(4) : NaN):(row(column(2), g)) with points pt MARKER[g % 6 + 1] - 1 + (MARKER[g % 6 + 1] == 15 ? 1 : 0) ps 0.9 lw 1.2 lc rgb COLOUR[t + 1] notitle, \
     for [t = 0:2] NaN with points pt 7 ps 0.5 lc rgb COLOUR[t + 1] title TOLD[t + 1]

# ---- (b) thoughts
@CURVES; @SIDES; set lmargin at screen 0.675; set rmargin at screen 0.992
set label 1 heading('b', 'Fewer thoughts than trained for') at screen 0.615, screen 0.955 font HEAD textcolor rgb INK
set xrange [-0.25:K + 0.25]; set yrange [0:1.45]; set xtics 1; set ytics 0,0.2,1; set format y '%.1f'
set xlabel 'thoughts' offset 0,0.4 textcolor rgb INK; set ylabel 'test accuracy' offset 0.6,0 textcolor rgb INK
set arrow 1 from graph 0, first 0.5 to graph 1, first 0.5 nohead dt (2,3) lc rgb SOFT
set key at graph 0.02,1.0 left top @KEY font SMALL
array SHOWN[4] = ['coconut', 'pause-as-thought', 'state-once', 'recurrent']
plot for [m = 1:4] TABLES.'thoughts.tsv' using (column(1) == 0 && column(3) == 2 && strcol(9) eq SHOWN[m] ? column(4) : NaN):5:6:7 with yerrorlines lw 1.0 pt MARKER[m] ps 0.5 lc rgb COLOUR[m] title SHOWN[m]
unset multiplot
