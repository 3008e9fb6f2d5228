# Loops needed against length for words, hops and graphs, and luck one loop too early against the order of the group.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('doubling.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (groups = strcol(1), 0) nooutput
shown(name) = name[1:1] eq 'z' ? sprintf('{/:Italic Z}_{%s}', name[2:*]) : sprintf('{/:Italic %s}_{%s}', name[1:1] eq 's' ? 'S' : 'A', name[2:*])
set tmargin at screen 0.880; set bmargin at screen 0.160
array OPEN[6] = [6, 4, 8, 12, 10, 14]
kind(i) = 1 + (i - 1) % 6
filled(i) = i <= 6 ? MARKER[i] : 3 # a star for the seventh group

set multiplot
# ---- (a) words
@CURVES
set lmargin at screen 0.078; set rmargin at screen 0.330
set label 1 heading('a', 'Words of a group') at screen 0.008, screen 0.945 font HEAD textcolor rgb INK
set logscale xy 2; set xrange [1.6:1400]; set yrange [0.8:6e4]; set xtics ('2' 2, '8' 8, '32' 32, '128' 128, '512' 512); set ytics ('1' 1, '2^2' 4, '2^4' 16, '2^6' 64, '2^8' 256, '2^{10}' 1024)
set xlabel 'letters {/:Italic n}' offset 0,0.4 textcolor rgb INK; set ylabel 'loops needed' offset 0.4,0 textcolor rgb INK
set key at graph 0.02,0.99 left top @KEY font SMALL maxrows 5
plot TABLES.'lines.tsv' using 1:(column(2) > 0 ? column(2) : NaN) with steps lw 1.0 lc rgb INK notitle, \
     TABLES.'lines.tsv' using 1:(column(4) > 0 ? column(4) : NaN) with lines lw 1.0 dt (5,4) lc rgb INK notitle, \
     for [i=1:words(groups)] TABLES.'words.tsv' using 1:(strcol(6) eq word(groups, i) && strcol(5) eq 'doubling' ? column(3) : NaN) with points pt filled(i) ps 0.45 lc rgb COLOUR[kind(i)] notitle, \
     for [i=1:words(groups)] TABLES.'words.tsv' using 1:(strcol(6) eq word(groups, i) && strcol(5) eq 'scan' ? column(3) : NaN) with points pt OPEN[kind(i)] ps 0.45 lc rgb COLOUR[kind(i)] notitle, \
     for [i=1:words(groups)] keyentry with points pt filled(i) ps 0.5 lc rgb COLOUR[kind(i)] title shown(word(groups, i)), \
     keyentry with lines lw 1.0 lc rgb INK title '⌈log_2 {/:Italic n}⌉', \
     keyentry with lines lw 1.0 dt (5,4) lc rgb INK title '{/:Italic n} − 1'

# ---- (b) hops and graphs
@CURVES
set lmargin at screen 0.407; set rmargin at screen 0.668
set label 1 heading('b', 'Hops and reachability') at screen 0.352, screen 0.945 font HEAD textcolor rgb INK
set logscale x 2; set xrange [0.8:400]; set yrange [-0.6:16]; set xtics ('1' 1, '4' 4, '16' 16, '64' 64, '256' 256); set ytics 2
set xlabel 'hops {/:Italic p}, or diameter {/:Italic d}' offset 0,0.4 textcolor rgb INK; set ylabel 'loops needed' offset 1.2,0 textcolor rgb INK
set key at graph 0.99,0.02 right bottom @KEY font SMALL
plot TABLES.'lines.tsv' using 1:3 with steps lw 1.0 lc rgb COLOUR[1] notitle, \
     TABLES.'lines.tsv' using 1:2 with steps lw 1.0 lc rgb COLOUR[2] notitle, \
     TABLES.'lines.tsv' using 1:4 with lines lw 1.0 dt (5,4) lc rgb COLOUR[3] notitle, \
     TABLES.'reach.tsv' using 1:(strcol(4) eq 'hop' ? column(2) : NaN) with points pt MARKER[1] ps 0.5 lc rgb COLOUR[1] notitle, \
     TABLES.'reach.tsv' using 1:(strcol(4) eq 'squaring' ? column(2) : NaN) with points pt MARKER[2] ps 0.45 lc rgb COLOUR[2] notitle, \
     TABLES.'reach.tsv' using 1:(strcol(4) eq 'scan' ? column(2) : NaN) with points pt OPEN[3] ps 0.6 lc rgb COLOUR[3] notitle, \
     keyentry with linespoints lw 1.0 pt MARKER[1] ps 0.5 lc rgb COLOUR[1] title '{/:Italic p} hops', \
     keyentry with linespoints lw 1.0 pt MARKER[2] ps 0.5 lc rgb COLOUR[2] title 'squaring', \
     keyentry with linespoints lw 1.0 dt (5,4) pt OPEN[3] ps 0.6 lc rgb COLOUR[3] title 'edge by edge'

# ---- (c) luck
@CURVES
set lmargin at screen 0.768; set rmargin at screen 0.985
set label 1 heading('c', 'Right one loop early') at screen 0.690, screen 0.945 font HEAD textcolor rgb INK
set logscale xy 10; set xrange [1.5:200]; set yrange [0.001:1.3]; set xtics ('2' 2, '6' 6, '24' 24, '' 60, '120' 120); set ytics ('0.001' 0.001, '0.01' 0.01, '0.1' 0.1, '1' 1)
set xlabel 'order of the group' offset 0,0.4 textcolor rgb INK; set ylabel 'share of random words' offset 0.9,0 textcolor rgb INK
set key at graph 0.02,0.02 left bottom @KEY font SMALL
plot [1.5:200] 1/x with lines lw 1.0 lc rgb INK notitle, \
     TABLES.'early.tsv' using ($2*(column(3) == 1 ? 0.97 : 1.03)):4:(column(6) > 0 ? column(6) : 0.001):7 with yerrorbars pt 0 lw 1 lc rgb SOFT notitle, \
     TABLES.'early.tsv' using ($2*0.97):(column(3) == 1 ? column(4) : NaN) with points pt 7 ps 0.5 lc rgb COLOUR[1] notitle, \
     TABLES.'early.tsv' using ($2*1.03):(column(3) == 0 ? (column(4) > 0 ? column(4) : 0.001) : NaN) with points pt 4 ps 0.6 lc rgb COLOUR[2] notitle, \
     keyentry with points pt 7 ps 0.5 lc rgb COLOUR[1] title 'solvable', \
     keyentry with points pt 4 ps 0.6 lc rgb COLOUR[2] title 'not solvable', \
     keyentry with lines lw 1.0 lc rgb INK title '1 / |{/:Italic G}|'
unset multiplot
