# The staircase of counting languages: layers, loops of one layer, and the two against each other at the threshold.
FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'
load ARG0[1 : strlen(ARG0) - strlen('depth_staircase.gp')].'style.gp'

stats TABLES.'series.tsv' every ::0::0 using (languages = strcol(1), 0) nooutput
set tmargin at screen 0.880; set bmargin at screen 0.160
array OPEN[6] = [6, 4, 8, 12, 10, 14]
if (languages eq 'none') { languages = '' }
number(i) = i > words(languages) || i < 1 ? -1 : int(word(languages, i))
shift(i) = (i - 0.5 * (words(languages) + 1)) * 0.06

set multiplot
do for [panel=1:2] {
  model = panel == 1 ? 'untied' : 'looped'
  @CURVES
  if (panel == 1) { set lmargin at screen 0.080; set rmargin at screen 0.355 } else { set lmargin at screen 0.410; set rmargin at screen 0.685 }
  set label 1 heading(panel == 1 ? 'a' : 'b', panel == 1 ? 'Separate layers' : 'One layer, looped') at screen (panel == 1 ? 0.008 : 0.380), screen 0.945 font HEAD textcolor rgb INK
  set xrange [-3.4:1.6]; set yrange [-0.03:1.4]; set ytics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
  set xtics ('−3' -3, '−2' -2, '−1' -1, '0' 0, '1' 1)
  set xlabel (panel == 1 ? 'layers − ({/:Italic k} − 2)' : 'loops − ({/:Italic k} − 2)') offset 0,0.4 textcolor rgb INK
  if (panel == 1) { set ylabel 'whole strings right at twice the length' offset 0.6,-0.6 textcolor rgb INK } else { unset ylabel; set ytics ('' 0, '' 0.2, '' 0.4, '' 0.6, '' 0.8, '' 1) }
  set arrow 1 from 0, graph 0 to 0, first 1.05 nohead lw 1.0 dt (5,4) lc rgb INK back
  if (panel == 1) { set key at graph 0.02,1.0 left top @KEY font SMALL maxrows 3 width -9 } else { set key at graph 0.02,1.0 left top @KEY font SMALL maxrows auto width 0 }
  plot for [i=1:words(languages)] TABLES.'steps.tsv' using (column(1) + shift(i)):(strcol(4) eq model && column(5) == number(i) ? column(2) : NaN) with lines lw 0.8 dt (2,3) lc rgb COLOUR[i] notitle, \
       for [i=1:words(languages)] TABLES.'steps.tsv' using (column(1) + shift(i)):(strcol(4) eq model && column(5) == number(i) ? column(3) : NaN) with lines lw 1.4 lc rgb COLOUR[i] notitle, \
       for [i=1:words(languages)] TABLES.'seeds.tsv' using (column(1) + shift(i)):((strcol(5) eq model || strcol(5) eq 'untied' && column(2) == 1) && column(6) == number(i) && column(1) >= -3 ? column(4) : NaN) with points pt OPEN[i] ps 0.42 lw 0.8 lc rgb COLOUR[i] notitle, \
       TABLES.'published.tsv' using (panel == 1 ? column(3) : NaN):4 with points pt 2 ps 0.6 lw 1.0 lc rgb SOFT notitle, \
       for [i=1:(panel == 1 ? words(languages) : 0)] keyentry with linespoints lw 1.4 pt OPEN[i] ps 0.42 lc rgb COLOUR[i] title '{/:Italic k} = '.word(languages, i), \
       for [i=1:(panel == 2)] keyentry with lines lw 0.8 dt (2,3) lc rgb INK title 'training lengths', \
       for [i=1:(panel == 2)] keyentry with lines lw 1.0 dt (5,4) lc rgb INK title '{/:Italic k} − 2, theory', \
       for [i=1:(panel == 2)] keyentry with points pt 2 ps 0.6 lw 1.0 lc rgb SOFT title 'published (a)'
}

# ---- (c) equals
@CURVES
set lmargin at screen 0.738; set rmargin at screen 0.985
set label 1 heading('c', 'The loop and its equals') at screen 0.702, screen 0.945 font HEAD textcolor rgb INK
set xrange [number(1) - 0.5:number(words(languages)) + 0.5]; set yrange [-0.03:1.5]; set xtics 1; set ytics ('0' 0, '0.2' 0.2, '0.4' 0.4, '0.6' 0.6, '0.8' 0.8, '1' 1)
set xlabel 'blocks {/:Italic k}' offset 0,0.4 textcolor rgb INK
set key at graph 0.02,1.0 left top @KEY font SMALL maxrows auto width 0
series = '"one layer" looped untied lstm'
plot for [m=1:4] TABLES.'equals.tsv' using (column(1) + (m - 2.5) * 0.16):(strcol(2) eq word(series, m) ? column(5) : NaN):6:7 with yerrorbars pt MARKER[m] ps 0.5 lw 1.0 lc rgb COLOUR[m] notitle, \
     keyentry with points pt MARKER[1] ps 0.5 lc rgb COLOUR[1] title 'one layer', \
     keyentry with points pt MARKER[2] ps 0.5 lc rgb COLOUR[2] title 'one layer, {/:Italic k} − 2 loops', \
     keyentry with points pt MARKER[3] ps 0.5 lc rgb COLOUR[3] title '{/:Italic k} − 2 layers', \
     keyentry with points pt MARKER[4] ps 0.5 lc rgb COLOUR[4] title 'LSTM'
unset multiplot
