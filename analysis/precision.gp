# Counting and pointing gates by number format, and how deep a machine without a snap goes.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('precision.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (rows = column(1), widest = column(2), 0) nooutput
set tmargin at screen 0.880; set bmargin at screen 0.160

set multiplot
# ---- (a) counting
@CURVES
unset grid
set lmargin at screen 0.150; set rmargin at screen 0.430
set label 1 heading('a', 'MAJORITY by counting') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set label 4 'storage / sums' at screen 0.142, screen 0.895 right font SMALL textcolor rgb SOFT
set logscale x 2; set xrange [1.5:widest*1.5]; set yrange [rows+0.6:0.4]
set xtics 4 format '%g'; set ytics font SMALL scale 0
set label 5 '● certified  ○ right  × wrong' at screen 0.448, screen 0.895 font SMALL textcolor rgb SOFT
set xlabel 'fan-ins {/:Italic n}' offset 0,0.4 textcolor rgb INK
plot TABLES.'rows.tsv' using (1.5):1:ytic(2) with points pt 0 notitle, \
     TABLES.'count.tsv' using (strcol(3) eq 'majority' && column(6) == 0 ? column(1) : NaN):2 with points pt 2 ps 0.45 lc rgb COLOUR[2] notitle, \
     TABLES.'count.tsv' using (strcol(3) eq 'majority' && column(6) == 1 ? column(1) : NaN):2 with points pt 6 ps 0.5 lw 0.8 lc rgb COLOUR[1] notitle, \
     TABLES.'count.tsv' using (strcol(3) eq 'majority' && column(7) == 1 ? column(1) : NaN):2 with points pt 7 ps 0.5 lc rgb COLOUR[1] notitle, \
     TABLES.'rows.tsv' using 3:1:(0):(-0.42) with vectors nohead lw 1.2 lc rgb INK notitle, \
     TABLES.'rows.tsv' using 3:1:(0):(0.42) with vectors nohead lw 1.2 lc rgb INK notitle

# ---- (b) pointing
@CURVES
unset grid
set lmargin at screen 0.455; set rmargin at screen 0.700
set label 1 heading('b', 'Pointer gates') at screen 0.448, screen 0.945 font HEAD textcolor rgb INK
set xrange [0.2:8.3]; set yrange [rows+0.6:0.4]; set xtics 2; set ytics format ''; set ytics 1 scale 0
set xlabel 'sharpness {/:Italic β}' offset 0,0.4 textcolor rgb INK
plot TABLES.'pointer.tsv' using (column(3) == 2 && column(6) < 0 ? column(1) : NaN):2 with points pt 0 lc rgb SOFT notitle, \
     TABLES.'pointer.tsv' using (column(3) == 2 && column(6) >= 0 && column(6) < column(7) ? column(1) : NaN):2 with points pt 2 ps 0.45 lc rgb COLOUR[2] notitle, \
     TABLES.'pointer.tsv' using (column(3) == 2 && column(6) == column(7) ? column(1) : NaN):2 with points pt 6 ps 0.5 lw 0.8 lc rgb COLOUR[1] notitle, \
     TABLES.'pointer.tsv' using (column(3) == 2 && column(8) == 1 ? column(1) : NaN):2 with points pt 7 ps 0.5 lc rgb COLOUR[1] notitle

# ---- (c) horizon
@CURVES
set lmargin at screen 0.775; set rmargin at screen 0.985
set label 1 heading('c', 'Depth without a snap') at screen 0.718, screen 0.945 font HEAD textcolor rgb INK
set xrange [0:8.3]; set yrange [0:16.8]; set xtics 2; set ytics 4
set xlabel 'sharpness {/:Italic β}' offset 0,0.4 textcolor rgb INK; set ylabel 'layers survived' offset 0.8,0 textcolor rgb INK
set key at graph 0.02,0.90 left top @KEY font SMALL
array NAME[3] = ['fp32', 'fp16', 'bf16']
plot TABLES.'horizon.tsv' using (strcol(2) eq 'fp32' ? column(1) : NaN):5 with lines lw 1.3 lc rgb INK title 'log_4(1 + 3/8{/:Italic ε})', \
     for [i=1:3] TABLES.'horizon.tsv' using (strcol(2) eq NAME[i] ? column(1) : NaN):3 with points pt MARKER[i] ps 0.55 lc rgb COLOUR[i] title NAME[i]
unset multiplot
