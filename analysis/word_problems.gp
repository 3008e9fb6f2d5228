# Longest solved prefix of words: S3 and parity by loops and layers, and all tasks side by side.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('word_problems.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (groups = strcol(1), 0) nooutput
array OPEN[6] = [6, 4, 8, 12, 10, 14]
set tmargin at screen 0.880; set bmargin at screen 0.160

set multiplot
do for [panel=1:2] {
  group = panel == 1 ? 's3' : 'parity'
  @CURVES
  if (panel == 1) { set lmargin at screen 0.072; set rmargin at screen 0.340 } else { set lmargin at screen 0.400; set rmargin at screen 0.668 }
  set label 1 heading(panel == 1 ? 'a' : 'b', panel == 1 ? 'Words of {/:Italic S}_3' : 'Parity') at screen (panel == 1 ? 0.008 : 0.365), screen 0.945 font HEAD textcolor rgb INK
  set logscale xy 2; set xrange [0.85:11]; set yrange [0.8:70]; set xtics ('1' 1, '2' 2, '4' 4, '8' 8); set ytics ('1' 1, '2' 2, '4' 4, '8' 8, '16' 16, '32' 32)
  set xlabel 'loops, or layers' offset 0,0.4 textcolor rgb INK
  if (panel == 1) { set ylabel 'solved letters {/:Italic n}*' offset 0.6,0 textcolor rgb INK } else { unset ylabel }
  if (panel == 1) { set key at graph 0.02,1.0 left top @KEY font SMALL maxrows auto } else { unset key }
  if (strstrt(' '.groups.' ', ' '.group.' ') == 0) { set label 2 'not run at this size' at graph 0.97, graph 0.08 right font SMALL textcolor rgb SOFT }
  plot TABLES.'lines.tsv' using 1:2 with lines lw 1.0 lc rgb INK notitle, \
       TABLES.'published.tsv' using 1:2 with lines lw 1.0 dt (1,3) lc rgb SOFT notitle, \
       TABLES.'reach.tsv' using 1:(strcol(6) eq group ? column(7) : NaN) with lines lw 0.8 dt (5,4) lc rgb SOFT notitle, \
       TABLES.'reach.tsv' using 1:(strcol(6) eq group && strcol(5) eq 'untied' ? column(2) : NaN) with linespoints lw 1.2 pt OPEN[2] ps 0.6 lc rgb COLOUR[2] notitle, \
       TABLES.'reach.tsv' using 1:(strcol(6) eq group && strcol(5) eq 'looped' ? column(2) : NaN) with linespoints lw 1.2 pt MARKER[1] ps 0.6 lc rgb COLOUR[1] notitle, \
       TABLES.'seeds.tsv' using ($1*1.06):(strcol(4) eq group && strcol(3) eq 'untied' ? column(2) : NaN) with points pt OPEN[2] ps 0.3 lc rgb COLOUR[2] notitle, \
       TABLES.'seeds.tsv' using ($1/1.06):(strcol(4) eq group && (strcol(3) eq 'looped' || strcol(3) eq 'one') ? column(2) : NaN) with points pt OPEN[1] ps 0.3 lc rgb COLOUR[1] notitle, \
       keyentry with linespoints lw 1.2 pt MARKER[1] ps 0.6 lc rgb COLOUR[1] title 'one layer, {/:Italic T} loops', \
       keyentry with linespoints lw 1.2 pt OPEN[2] ps 0.6 lc rgb COLOUR[2] title 'layers', \
       keyentry with lines lw 1.0 lc rgb INK title '2^{/:Italic T}, construction', \
       keyentry with lines lw 1.0 dt (1,3) lc rgb SOFT title '{/:Italic A}_5, published'
}

# ---- (c) tasks
@CURVES
set lmargin at screen 0.735; set rmargin at screen 0.985
set label 1 heading('c', 'All tasks') at screen 0.690, screen 0.945 font HEAD textcolor rgb INK; unset xlabel
stats TABLES.'tasks.tsv' using 1 nooutput
places = STATS_max
set logscale y 2; set xrange [0.4:places + 0.6]; set yrange [0.4:70]; set ytics ('0' 0.5, '1' 1, '2' 2, '4' 4, '8' 8, '16' 16, '32' 32)
shown(name) = name eq 'parity' ? 'parity' : name[1:1] eq 'z' ? sprintf('{/:Italic Z}_{%s}', name[2:*]) : sprintf('{/:Italic %s}_{%s}', name[1:1] eq 's' ? 'S' : 'A', name[2:*])
set xtics rotate by 0
unset xtics; set xtics scale 0
set key at graph 0.02,1.0 left top @KEY font SMALL maxrows auto
height(n) = n > 0 ? n : 0.5
plot TABLES.'tasks.tsv' using 1:(column(9) == 1 ? column(3) : NaN):(0.8):xtic(shown(strcol(2))) with boxes fs solid 1.0 lc rgb SHADE notitle, \
     for [m=1:4] TABLES.'tasks.tsv' using ($1 + (m - 2.5)*0.18):(column(9) == m ? height(column(6)) : NaN):(height(column(7))):(height(column(8))) with yerrorbars pt MARKER[m] ps 0.5 lw 1.0 lc rgb COLOUR[m] notitle, \
     keyentry with points pt MARKER[1] ps 0.5 lc rgb COLOUR[1] title 'one layer', \
     keyentry with points pt MARKER[2] ps 0.5 lc rgb COLOUR[2] title 'most loops', \
     keyentry with points pt MARKER[3] ps 0.5 lc rgb COLOUR[3] title 'most layers', \
     keyentry with points pt MARKER[4] ps 0.5 lc rgb COLOUR[4] title 'LSTM'
unset multiplot
